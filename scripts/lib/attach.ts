import * as fs from "node:fs";
import * as path from "node:path";
import * as tty from "node:tty";
import { variable } from "../../components/environment";
import { shellQuote } from "../../components/shellQuote";
import { succeeds } from "./commands";
import { type NamedHost, chooseHost, openStack, wrapperFolder } from "./hosts";
import { leadingOptions } from "./leadingOptions";
import { findOnPath } from "./paths";
import { UserError, main, say } from "./progress";
import { Pulumi } from "./pulumiCli";
import { sshWords } from "./state";

const ABOUT: Record<string, { usage: string; help: string }> = {
    docker: {
        usage: "DOCKER-COMMAND [ARG …]",
        help:
            "Runs the Docker CLI against the engine of a stack's host, over SSH with the pinned host key:\n" +
            "`./scripts/docker ps`, `./scripts/docker exec -it NAME bash`. Docker's own help: `./scripts/docker help`.\n" +
            "Where this computer has no Docker CLI, the host's is used.\n",
    },
    compose: {
        usage: "COMPOSE-COMMAND [ARG …]",
        help:
            "Runs Docker Compose against the engine of a stack's host, for projects of your own beside the stack's.\n" +
            "Where this computer has no Compose, the host's is used; it does not see files of this computer, so give\n" +
            "it the file on stdin: `./scripts/compose -p NAME -f - up -d < compose.yaml`.\n",
    },
    ssh: {
        usage: "[COMMAND [ARG …]]",
        help:
            "Opens a shell on a stack's host, or runs a command there. Its arguments arrive as they are; a line for the\n" +
            "shell of the host goes into one: `./scripts/ssh sh -c 'df -h | head -3'`.\n",
    },
};

main(async () => {
    const [tool = "", ...args] = process.argv.slice(2);
    const about = ABOUT[tool];
    if (!about) throw new Error(`no such tool: ${tool}`);
    const { stack, host, help, rest } = leadingOptions(args);
    if (help || (rest.length === 0 && tool !== "ssh")) {
        const options = "  -s STACK   the stack (default: local)\n  -H HOST    the host, where the stack has several\n";
        process.stdout.write(`./scripts/${tool} [-s STACK] [-H HOST] ${about.usage}\n\n${about.help}\n${options}`);
        return 0;
    }
    const { hosts } = await openStack(await Pulumi.find(), stack);
    const words = await wordsFor(tool, chooseHost(hosts, host), rest);
    fs.writeFileSync(variable("BERTH_WORDS") ?? "", words.map((word) => `${word}\0`).join(""));
    return 0;
});

/** The command that takes this one's place. */
async function wordsFor(tool: string, host: NamedHost, args: string[]): Promise<string[]> {
    if (tool === "ssh") return onHost(host, args);
    const docker = tool === "compose" ? ["docker", "compose"] : ["docker"];
    if (await succeeds("docker", tool === "compose" ? ["compose", "version"] : ["--version"])) {
        const folders = [wrapSsh(host), variable("PATH") ?? ""].join(path.delimiter);
        const url = `ssh://${host.user}@${host.address}:${host.port}`;
        return ["env", `PATH=${folders}`, `DOCKER_HOST=${url}`, ...docker, ...args];
    }
    if (tool === "compose")
        say("this computer has no Docker Compose: the host's runs, which sees no files of this one");
    return onHost(host, [...docker, ...args]);
}

/** By ssh alone. Without a terminal, signals take a way of their own: the OpenSSH client ends on them. */
function onHost(host: NamedHost, args: string[]): string[] {
    if (args.length === 0) return sshWords(host);
    const command = args.map(shellQuote).join(" ");
    if (tty.isatty(0) && tty.isatty(1)) {
        return [...sshWords(host, ["-t", "-e", "none", "-o", "LogLevel=ERROR"]), `exec ${command}`];
    }
    const entry = ["--require", require.resolve("tsx/cjs")];
    const ssh = sshWords(host, ["-T", "-o", "LogLevel=ERROR"]);
    return [process.execPath, ...entry, path.join(__dirname, "remoteCommand.ts"), command, ...ssh];
}

/**
 * A folder with an `ssh` that reaches this host and no other: the Docker CLI takes the first on its PATH, and has no
 * options for it.
 */
function wrapSsh(host: NamedHost): string {
    const real = findOnPath("ssh");
    if (real === undefined) throw new UserError("the OpenSSH client is missing: install openssh-client");
    const [, ...options] = sshWords(host).slice(0, -3); // Docker says port and login
    const folder = wrapperFolder(host);
    const text = `#!/bin/sh\nexec ${[real, ...options].map(shellQuote).join(" ")} "$@"\n`;
    const file = path.join(folder, "ssh");
    if (!fs.existsSync(file) || fs.readFileSync(file, "utf8") !== text) {
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
        const draft = `${file}.${process.pid}`;
        fs.writeFileSync(draft, text, { mode: 0o700 });
        fs.renameSync(draft, file);
    }
    return folder;
}
