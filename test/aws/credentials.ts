/** As the usual chain finds them; moto knows no keys, so any will do. */
export const CREDENTIALS = { AWS_ACCESS_KEY_ID: "testing", AWS_SECRET_ACCESS_KEY: "testing" };
