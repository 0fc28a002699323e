import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { sshOptions } from "../../components/host/sshOptions";
import { dial } from "../../scripts/lib/dial";
import { otherKey, refuseOtherKeys } from "../../scripts/lib/hostKeys";
import type { NamedHost } from "../../scripts/lib/hosts";
import { refuseUnknownKey } from "../../scripts/lib/refusedKey";
import { refuseWrongHosts } from "../../scripts/lib/wrongHosts";
import { closeAll, newKey, plain, portOf, serve, toClose } from "./fakes/sshServer";

const [own, another, jumps] = [newKey(), newKey(), newKey()];
const login = newKey();

let folder: string;
let identityFile: string;
beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "keys-"));
    identityFile = path.join(folder, "id");
    fs.writeFileSync(identityFile, login.private, { mode: 0o600 });
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

afterEach(closeAll);

const hostAt = (port: number, hostKey: string, proxy?: { port: number; hostKey: string }): NamedHost => ({
    name: "web1",
    user: "ubuntu",
    address: "127.0.0.1",
    port,
    options: sshOptions({
        identityFile,
        hostKey,
        ...(proxy && { proxy: { host: "127.0.0.1", user: "me", identityFile, ...proxy } }),
    }),
});
it("the pinned key is accepted", async () => {
    const server = await serve(own);
    expect(otherKey(await dial(hostAt(server.port, plain(own))))).toBeUndefined();
    expect(server.logins()).toBe(1);
});

it("another key is found out by one dial, without a login, and both are named with what to do", async () => {
    const server = await serve(own);
    const dialled = await dial(hostAt(server.port, plain(another)));
    const found = otherKey(dialled);
    expect(found).toEqual({
        who: "the host web1",
        pinned: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
        shown: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
    });
    expect(found?.pinned).not.toBe(found?.shown);
    expect([server.dials(), server.logins()]).toEqual([1, 0]);
    const both = new RegExp(`shows the key ${escaped(found!.shown)}, and ${escaped(found!.pinned)} is pinned`);
    expect(() => refuseOtherKeys([dialled], true)).toThrow(both);
    expect(() => refuseOtherKeys([dialled], true)).toThrow(/write that file's .* as berth:host\.hostKey/);
    expect(() => refuseOtherKeys([dialled], false)).toThrow(/put its old key back/);
});
const escaped = (text: string) => text.replace(/[+/]/g, "\\$&");

it("a server without a key of the pinned kind shows another one", async () => {
    const server = await serve(newKey("ecdsa"));
    expect(otherKey(await dial(hostAt(server.port, plain(own))))).toMatchObject({ who: "the host web1" });
});

it("who does not answer is left alone: refused, silent, and no SSH at all", async () => {
    const closed = await serve(own);
    closeAll();
    expect(otherKey(await dial(hostAt(closed.port, plain(own))))).toBeUndefined();
    const rude = net.createServer((socket) => socket.end("HTTP/1.1 400\r\n\r\n"));
    await new Promise<void>((resolve) => rude.listen(0, "127.0.0.1", resolve));
    toClose(rude);
    expect(otherKey(await dial(hostAt(portOf(rude), plain(own))))).toBeUndefined();
});

it("the same dial tells that the server refuses the client's key", async () => {
    const server = await serve(own, 1e6);
    const dialled = await dial(hostAt(server.port, plain(own)));
    const file = stackFileWith({ privateKeyFile: identityFile });
    expect(otherKey(dialled)).toBeUndefined();
    expect(() => refuseUnknownKey(file, dialled)).toThrow(
        new RegExp(`^ubuntu@127.0.0.1:${server.port} does not let in the key .*authorized_keys`),
    );
    expect([server.dials(), server.logins()]).toEqual([1, 0]);
    expect(() => refuseUnknownKey(stackFileWith({ privateKeyFile: "/nowhere" }), dialled)).not.toThrow();
    expect(() => refuseUnknownKey(stackFileWith({ privateKeyFile: identityFile, proxy: {} }), dialled)).not.toThrow();
});
const stackFileWith = (host: Record<string, unknown>) => ({ get: (_: string, key: string) => host[key] });

it("no host is dialled that is a container of this computer; any other is, once", async () => {
    const server = await serve(own);
    const host = hostAt(server.port, plain(another));
    await refuseWrongHosts(stackFileWith({ kind: "local" }), [host], []);
    expect(server.dials()).toBe(0);
    await expect(refuseWrongHosts(stackFileWith({ kind: "ec2" }), [host], [])).rejects.toThrow(/is pinned/);
    expect(server.dials()).toBe(1);
    const finish = ["./scripts/rotate -s dev ssh-key", "./scripts/rotate -s dev host-key"];
    await expect(refuseWrongHosts(stackFileWith({ kind: "ec2" }), [host], finish)).rejects.toThrow(
        /finish that first: .*host-key$/,
    );
});

it("an existing server is dialled once for both keys", async () => {
    const server = await serve(own, 1e6);
    const file = stackFileWith({
        kind: "existing",
        user: "ubuntu",
        address: "127.0.0.1",
        port: server.port,
        hostKey: plain(own),
        privateKeyFile: identityFile,
    });
    await expect(refuseWrongHosts(file, [], [])).rejects.toThrow(/authorized_keys/);
    expect(server.dials()).toBe(1);
});

it("behind a jump host its key and the host's are told apart", async () => {
    const [jump, server] = [await serve(jumps), await serve(own)];
    const through = async (hostKey: string, jumpKey: string) =>
        otherKey(await dial(hostAt(server.port, hostKey, { port: jump.port, hostKey: jumpKey })));
    expect(await through(plain(own), plain(jumps))).toBeUndefined();
    expect(await through(plain(another), plain(jumps))).toMatchObject({ who: "the host web1" });
    expect(await through(plain(own), plain(another))).toMatchObject({ who: "the jump host of web1" });
});
