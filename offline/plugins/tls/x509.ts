// The X.509 library, set up: its decorators need reflect-metadata before it, its keys come from Node's own crypto.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);

export { x509 };
