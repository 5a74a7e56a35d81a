/** Credentials where the AWS SDK finds them. moto accepts any keys. */
export const CREDENTIALS = { AWS_ACCESS_KEY_ID: "testing", AWS_SECRET_ACCESS_KEY: "testing" };
