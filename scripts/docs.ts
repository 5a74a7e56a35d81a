// `npm run docs`: writes the documents that are made from code.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../cli/program";
import { commandsPage } from "../cli/tree/document";
import { troubleshooting } from "../errors/troubleshooting";

writeFileSync(join(__dirname, "../docs/troubleshooting.md"), troubleshooting());
writeFileSync(join(__dirname, "../docs/cli.md"), commandsPage(commandLine()));
