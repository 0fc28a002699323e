/**
 * remoteCommand.ts COMMAND SSH-WORD…: runs a command on a host by ssh without a terminal, and hands it the signals that
 * come here. The OpenSSH client would end on them, and leave the command alone.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { constants } from "node:os";
import { shellQuote } from "../../components/shellQuote";
import { execute } from "./commands";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
/** Finds the command by a variable of its environment, among all that this login may look at. */
const SIGNAL_IT = `for environ in /proc/[0-9]*/environ; do
    if tr '\\0' '\\n' 2>/dev/null <"$environ" | grep -qx "BERTH_CALL=$1"; then
        pid=\${environ#/proc/}
        kill -s "$2" "\${pid%/environ}"
    fi
done`;

const [command = "", ssh = "", ...words] = process.argv.slice(2);
const call = randomUUID();
// A session of its own: Ctrl-C would reach ssh, too.
const child = spawn(ssh, [...words, `exec env BERTH_CALL=${call} ${command}`], { stdio: "inherit", detached: true });
child.on("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 127;
});
child.on("exit", (code, signal) => {
    process.exit(code ?? 128 + constants.signals[signal ?? "SIGTERM"]);
});
for (const signal of SIGNALS) {
    process.on(signal, () => {
        const kill = ["sh", "-c", SIGNAL_IT, "sh", call, signal.slice(3)].map(shellQuote).join(" ");
        void execute(ssh, [...words, kill]).then(({ exitCode, all }) => {
            if (exitCode !== 0) process.stderr.write(`berth: ${signal} did not reach the host: ${all}\n`);
        });
    });
}
