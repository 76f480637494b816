/** What is used of the age package, and no more: a bundle takes a package that is loaded late as a whole. */
export { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
