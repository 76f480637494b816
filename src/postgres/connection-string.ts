/** A database as client programs take it on their command line: a bare name that holds a `=` would be read as a connection string. */
export function databaseArgument(database: string): string {
  return `dbname='${database.replaceAll(/['\\]/g, '\\$&')}'`;
}
