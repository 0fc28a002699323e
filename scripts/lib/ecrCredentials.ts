/**
 * Docker's credential helper protocol for Amazon ECR: `get` with the registry's host on stdin prints a user and a token.
 *
 * Where AWS gives no token it says that there are no credentials: destroying and refreshing need none, and must work
 * without AWS. An update has asked before, in the program, and would have said why.
 *
 * @see https://github.com/docker/docker-credential-helpers
 */
import { readFileSync } from "node:fs";
import { ecrToken } from "../../components/services/image/ecrToken";

/** What the protocol's clients know. */
const NOT_FOUND = "credentials not found in native keychain";

async function get(server: string): Promise<void> {
    try {
        const { username, password } = await ecrToken(server.replace(/^https?:\/\//, "").replace(/\/.*$/, ""));
        process.stdout.write(JSON.stringify({ ServerURL: server, Username: username, Secret: password }));
    } catch (error) {
        process.stderr.write(`berth: ${(error as Error).message}\n`);
        process.stdout.write(NOT_FOUND);
        process.exitCode = 1;
    }
}

if (process.argv[2] === "get") void get(readFileSync(0, "utf8").trim());
