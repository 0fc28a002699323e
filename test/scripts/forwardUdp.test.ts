import { type ChildProcess, spawn } from "node:child_process";
import * as dgram from "node:dgram";
import * as path from "node:path";

const program = path.resolve(__dirname, "../../components/host/image/forward-udp.py");

/** A socket that does not keep the tests from ending, whatever fails. */
const newSocket = () => dgram.createSocket("udp4").unref();

/** Answers each packet with what `answer` makes of it. */
function service(answer: (text: string) => string, port = 0): Promise<dgram.Socket> {
    const socket = newSocket();
    socket.on("message", (packet, sender) => socket.send(answer(packet.toString()), sender.port, sender.address));
    return new Promise((resolve) => socket.bind(port, "127.0.0.1", () => resolve(socket)));
}

/** Sends packets from a port of its own, each when the one before is answered; undefined where an answer is missing. */
async function ask(port: number, ...texts: string[]): Promise<(string | undefined)[]> {
    const socket = newSocket();
    const answers: (string | undefined)[] = [];
    for (const text of texts) {
        const answer = new Promise<string | undefined>((resolve) => {
            const timeout = setTimeout(() => resolve(undefined), 1000);
            socket.once("message", (packet) => {
                clearTimeout(timeout);
                resolve(packet.toString());
            });
        });
        socket.send(text, port, "127.0.0.1");
        answers.push(await answer);
        socket.removeAllListeners("message");
    }
    socket.close();
    return answers;
}

let machine: dgram.Socket;
let forwarder: ChildProcess;
let port: number;

beforeAll(async () => {
    machine = await service((text) => `echo ${text}`);
    const free = await service((text) => text);
    port = free.address().port;
    await new Promise<void>((resolve) => free.close(resolve));
    const start = `ulimit -n 1024 && exec python3 "${program}" ${port} 127.0.0.1:${machine.address().port}`;
    forwarder = spawn("bash", ["-c", start], { stdio: "inherit" });
    const deadline = Date.now() + 20_000;
    while ((await ask(port, "there?"))[0] === undefined) {
        if (Date.now() > deadline) throw new Error("the forwarder does not answer within 20 s");
    }
}, 30_000);
afterAll(() => {
    forwarder.kill("SIGKILL");
    machine.close();
});

test("many senders at once lose nothing, and each gets its own answers", async () => {
    const senders = Array.from({ length: 60 }, (_, i) => [`${i}-a`, `${i}-b`, `${i}-c`]);
    const answers = await Promise.all(senders.map((texts) => ask(port, ...texts)));
    expect(answers).toEqual(senders.map((texts) => texts.map((text) => `echo ${text}`)));
});

test("more senders than a process may have files are served, one after the other", async () => {
    for (let i = 0; i < 1200; i += 40) {
        const answers = await Promise.all(Array.from({ length: 40 }, (_, j) => ask(port, String(i + j))));
        expect(answers.flat()).not.toContain(undefined);
    }
}, 30_000);

test("a packet of the largest size passes whole", async () => {
    const large = "x".repeat(60_000);
    expect(await ask(port, large)).toEqual([`echo ${large}`]);
});

test("a sender whose service was away is served again when it is back", async () => {
    const socket = newSocket();
    const answers: string[] = [];
    socket.on("message", (packet) => answers.push(packet.toString()));
    const sendUntil = async (answered: (text: string | undefined) => boolean) => {
        for (let i = 0; i < 200 && !answered(answers.at(-1)); i++) {
            socket.send("hello", port, "127.0.0.1");
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return answers.at(-1);
    };
    expect(await sendUntil((text) => text !== undefined)).toBe("echo hello");
    const { port: own } = machine.address();
    await new Promise<void>((resolve) => machine.close(resolve));
    for (let i = 0; i < 3; i++) socket.send("into the void", port, "127.0.0.1");
    machine = await service((text) => `again ${text}`, own);
    expect(await sendUntil((text) => text?.startsWith("again") ?? false)).toMatch(/^again/);
    socket.close();
});

test("it ends when it is told to", async () => {
    expect(forwarder.exitCode).toBeNull();
    const ended = new Promise((resolve) => forwarder.once("exit", (code) => resolve(code)));
    forwarder.kill("SIGTERM");
    expect(await ended).toBe(0);
});
