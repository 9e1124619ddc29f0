/**
 * Which settings are nobody's business. They are dropped where they are read, so that no later part of the program can keep,
 * print or write them. None of them says anything about memory, so in doubt a setting is dropped.
 */

/** Parts of names, after removing case and separators: `ssl.key.password`, `SASL_JAAS_CONFIG`, `awsSecretAccessKey`. */
const SECRET_NAME =
  /passw|passphrase|pwd|secret|token|jaas|credential|userinfo|username|privatekey|apikey|accesskey|authkey|sslkey|keystore|truststore|pem$|certificate|basicauth|authorization|cookie|dsn$/;

/** A URL with a password, a PEM block, `password=…` inside of a value. */
const SECRET_VALUE = /:\/\/[^/\s:@]*:[^/\s@]+@|-----BEGIN|passw(or)?d\s*[=:]/i;

export function isSecret(name: string, value: string): boolean {
  return SECRET_NAME.test(name.toLowerCase().replace(/[_\-.\s]/g, "")) || SECRET_VALUE.test(value);
}
