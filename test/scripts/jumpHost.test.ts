import { waitFor } from "../../components/remote/jumpHost";
import { closeAll, newKey, plain, serve } from "./fakes/sshServer";

afterEach(closeAll);

const [own, another, jumps, login] = [newKey(), newKey(), newKey(), newKey()];
const times = { patience: 3000, pause: 10 };
const at = (port: number, key: { public: string }) => ({
    host: "127.0.0.1",
    port,
    user: "ubuntu",
    privateKey: login.private,
    hostKey: plain(key),
});

it("a host behind a jump host is waited for until both let us in", async () => {
    const [jump, server] = [await serve(jumps, 2), await serve(own, 2)];
    await waitFor({ ...at(server.port, own), proxy: at(jump.port, jumps) }, times);
    expect([jump.dials(), server.dials()]).toEqual([5, 3]);
});

it("a jump host that leads nowhere is given up with the reason, and not waited for without an end", async () => {
    const [jump, server] = [await serve(jumps, 0, false), await serve(own)];
    const waiting = waitFor(
        { ...at(server.port, own), proxy: at(jump.port, jumps) },
        { patience: 100, pause: 10, handshake: 50 },
    );
    await expect(waiting).rejects.toThrow(/no answer through the jump host within 0\.05 s/);
    expect(server.dials()).toBe(0);
});

it("a host of another kind of key is waited for as well", async () => {
    const key = newKey("ecdsa");
    const [jump, server] = [await serve(jumps), await serve(key)];
    await waitFor({ ...at(server.port, key), proxy: at(jump.port, jumps) }, times);
    expect(server.logins()).toBe(1);
});

it("who never lets us in is given up with the reason", async () => {
    const [jump, server] = [await serve(jumps), await serve(own, 1e6)];
    const waiting = waitFor({ ...at(server.port, own), proxy: at(jump.port, jumps) }, { patience: 100, pause: 10 });
    await expect(waiting).rejects.toThrow(
        /cannot be reached through its jump host: ubuntu@.*authentication methods failed/,
    );
    closeAll();
    const gone = waitFor({ ...at(server.port, own), proxy: at(jump.port, jumps) }, { patience: 50, pause: 10 });
    await expect(gone).rejects.toThrow(/ECONNREFUSED/);
});

it.each([true, false])("another host key is final, and nobody logs in there (the jump host's: %s)", async (isJump) => {
    const [jump, server] = [await serve(jumps), await serve(own)];
    const wrong = {
        ...at(server.port, isJump ? own : another),
        proxy: at(jump.port, isJump ? another : jumps),
    };
    await expect(waitFor(wrong, times)).rejects.toThrow(/shows another host key than the pinned one/);
    expect([jump.dials(), (isJump ? jump : server).logins()]).toEqual([1, 0]);
});
