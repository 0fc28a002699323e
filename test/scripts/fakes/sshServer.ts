import * as net from "node:net";
import { Server, utils } from "ssh2";

/** A pair of keys in OpenSSH format. */
export function newKey(kind: "ed25519" | "ecdsa" = "ed25519") {
    if (kind === "ecdsa") return utils.generateKeyPairSync("ecdsa", { bits: 256 });
    for (;;) {
        const key = utils.generateKeyPairSync("ed25519");
        // One in two hundred that ssh2 makes cannot be read, by ssh2 itself either; those of ssh-keygen can.
        if (!(utils.parseKey(key.private) instanceof Error)) return key;
    }
}
/** The public half without a comment. */
export const plain = ({ public: key }: { public: string }) => key.split(" ").slice(0, 2).join(" ");
export const portOf = (server: { address: () => unknown }) => (server.address() as net.AddressInfo).port;

const open: { close: () => void }[] = [];
export const toClose = (server: { close: () => void }) => open.push(server);
/** Closes the servers that the test started. */
export const closeAll = () => open.splice(0).forEach((server) => server.close());

/**
 * Starts an SSH server that lets everybody in, runs nothing, and connects to where it is asked to.
 *
 * @param refusals dials before it lets anybody in. Default: none
 * @param leads whether it connects; else it leaves who asks without an answer, as where packets are dropped behind it
 */
export async function serve(key: { private: string }, refusals = 0, leads = true) {
    let dials = 0;
    let logins = 0;
    const server = new Server({ hostKeys: [key.private] }, (client) => {
        dials++;
        client.on("error", () => undefined);
        client.on("authentication", (attempt) => (dials > refusals ? attempt.accept() : attempt.reject()));
        client.on("ready", () => {
            logins++;
            client.on("session", (accept) =>
                accept().on("exec", (yes) => {
                    const channel = yes();
                    channel.exit(0);
                    channel.end();
                }),
            );
            client.on("tcpip", (accept, _, { destPort }) => {
                if (!leads) return;
                const channel = accept();
                const socket = net.connect(destPort, "127.0.0.1");
                socket.on("error", () => channel.close());
                channel.on("error", () => socket.destroy());
                channel.pipe(socket).pipe(channel);
            });
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    open.push(server);
    return { port: portOf(server), dials: () => dials, logins: () => logins };
}
