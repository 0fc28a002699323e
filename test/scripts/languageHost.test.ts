import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as language from "@pulumi/pulumi/proto/language_pb";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import type { Message } from "google-protobuf";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

const root = path.resolve(__dirname, "../..");
const host = path.join(root, "lab/toolchain/language-host.js");
const sdk = path.join(root, "node_modules/@pulumi/pulumi");
const { LanguageRuntimeService: service } = jest.requireActual<{ LanguageRuntimeService: grpc.ServiceDefinition }>(
    "@pulumi/pulumi/proto/language_grpc_pb",
);

/** What the engine calls, of the service that @pulumi/pulumi declares without types for gRPC. */
interface Answers {
    getPluginInfo: PluginInfo;
    getRequiredPlugins: language.GetRequiredPluginsResponse;
    run: language.RunResponse;
    cancel: Empty;
}

/** What the program was given, as it wrote it down. */
interface Given {
    argv: string[];
    cwd: string;
    pid: number;
    PULUMI_CONFIG: string;
    PULUMI_CONFIG_SECRET_KEYS: string;
    PULUMI_NODEJS_TYPESCRIPT: string;
}

/** Stands for @pulumi/pulumi/cmd/run: says what it was given, then does what the program's first argument says. */
const fakeRun = `
const fs = require("node:fs");
const action = process.argv.at(-1);
const { PULUMI_CONFIG, PULUMI_CONFIG_SECRET_KEYS, PULUMI_NODEJS_TYPESCRIPT } = process.env;
fs.writeFileSync("given.json", JSON.stringify({
    argv: process.argv.slice(2), cwd: process.cwd(), pid: process.pid,
    PULUMI_CONFIG, PULUMI_CONFIG_SECRET_KEYS, PULUMI_NODEJS_TYPESCRIPT,
}));
if (action === "hang") setInterval(() => {}, 1000);
else process.exit(Number(action));
`;

/** A project folder whose @pulumi/pulumi is the real one but for cmd/run. */
function makeProject(): string {
    const project = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "language-host-")));
    const modules = path.join(project, "node_modules");
    const fakeSdk = path.join(modules, "@pulumi/pulumi");
    fs.mkdirSync(path.join(fakeSdk, "cmd/run"), { recursive: true });
    fs.writeFileSync(path.join(fakeSdk, "cmd/run/index.js"), fakeRun);
    fs.writeFileSync(path.join(fakeSdk, "package.json"), JSON.stringify({ name: "@pulumi/pulumi", version: "9.8.7" }));
    fs.symlinkSync(path.join(sdk, "proto"), path.join(fakeSdk, "proto"));
    for (const name of ["@grpc", "google-protobuf"]) {
        fs.symlinkSync(path.join(root, "node_modules", name), path.join(modules, name));
    }
    return project;
}

async function firstLine(child: ChildProcess): Promise<string> {
    let text = "";
    for await (const chunk of child.stdout!) {
        text += String(chunk);
        if (text.includes("\n")) {
            break;
        }
    }
    return text.split("\n")[0] ?? "";
}

async function eventually(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 250; i++) {
        if (condition()) {
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("it did not happen within 5 s");
}

function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}

describe("language host", () => {
    let project: string;
    let child: ChildProcess;
    let client: grpc.Client;

    beforeAll(() => {
        project = makeProject();
    });

    beforeEach(async () => {
        fs.rmSync(path.join(project, "given.json"), { force: true });
        child = spawn(process.execPath, [host, "-flag=ignored", "127.0.0.1:4242"], {
            cwd: project,
            stdio: ["ignore", "pipe", "inherit"],
        });
        const port = await firstLine(child);
        expect(port).toMatch(/^\d+$/);
        client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    });

    afterEach(async () => {
        client.close();
        if (child.exitCode === null && child.signalCode === null) {
            child.kill("SIGKILL");
            await once(child, "exit");
        }
    });

    afterAll(() => fs.rmSync(project, { recursive: true, force: true }));

    function call<M extends keyof Answers>(method: M, request: Message): Promise<Answers[M]> {
        const { path: name, requestSerialize, responseDeserialize } = service[method]!;
        return new Promise((resolve, reject) => {
            const done = (error: Error | null, response?: unknown) =>
                error ? reject(error) : resolve(response as Answers[M]);
            client.makeUnaryRequest(name, requestSerialize, responseDeserialize, request, done);
        });
    }

    function runRequest(action: string): language.RunRequest {
        const request = new language.RunRequest();
        request.setProject("shop");
        request.setStack("dev");
        request.setPwd(project);
        request.setMonitorAddress("127.0.0.1:4343");
        request.setParallel(8);
        request.setDryrun(true);
        request.getConfigMap().set("berth:host", "secret value");
        request.setConfigsecretkeysList(["berth:host"]);
        request.setArgsList([action]);
        return request;
    }

    const given = () => JSON.parse(fs.readFileSync(path.join(project, "given.json"), "utf8")) as Given;

    async function startHangingProgram(): Promise<{ pid: number; response: Promise<language.RunResponse> }> {
        const response = call("run", runRequest("hang"));
        await eventually(() => fs.existsSync(path.join(project, "given.json")));
        return { pid: given().pid, response };
    }

    it("answers with the version of the project's SDK and asks for no plugins", async () => {
        expect((await call("getPluginInfo", new Empty())).getVersion()).toBe("9.8.7");
        const plugins = await call("getRequiredPlugins", new language.GetRequiredPluginsRequest());
        expect(plugins.getPluginsList()).toEqual([]);
    });

    it("gives the program the engine, the stack and its config, the config not on the command line", async () => {
        const response = await call("run", runRequest("0"));
        expect(response.getError()).toBe("");
        expect(response.getBail()).toBe(false);
        const { argv, cwd, ...env } = given();
        const flags = "--monitor 127.0.0.1:4343 --engine 127.0.0.1:4242 --project shop --stack dev";
        expect(argv.join(" ")).toBe(`${flags} --organization organization --pwd ${project} --parallel 8 --dry-run . 0`);
        expect(cwd).toBe(project);
        expect(JSON.parse(env.PULUMI_CONFIG)).toEqual({ "berth:host": "secret value" });
        expect(JSON.parse(env.PULUMI_CONFIG_SECRET_KEYS)).toEqual(["berth:host"]);
        expect(env.PULUMI_NODEJS_TYPESCRIPT).toBe("true");
    });

    it("bails without a second error when the program has shown its own", async () => {
        const response = await call("run", runRequest("32"));
        expect(response.getBail()).toBe(true);
        expect(response.getError()).toBe("");
    });

    it("says how a program failed that has not shown an error", async () => {
        const response = await call("run", runRequest("3"));
        expect(response.getBail()).toBe(false);
        expect(response.getError()).toBe("The program exited with code 3");
    });

    it("ends the running program when it is cancelled", async () => {
        const { pid, response } = await startHangingProgram();
        await call("cancel", new Empty());
        expect((await response).getError()).toBe("The program was cancelled");
        expect(isAlive(pid)).toBe(false);
    });

    it("takes the running program along when it is terminated", async () => {
        const { pid, response } = await startHangingProgram();
        response.catch(() => undefined);
        child.kill("SIGTERM");
        await once(child, "exit");
        await eventually(() => !isAlive(pid));
    });

    it("says what to do where the SDK is not installed", async () => {
        const empty = fs.mkdtempSync(path.join(os.tmpdir(), "language-host-"));
        const copy = path.join(empty, "language-host.js");
        fs.copyFileSync(host, copy);
        const lost = spawn(process.execPath, [copy, "127.0.0.1:1"], {
            cwd: empty,
            stdio: ["ignore", "ignore", "pipe"],
        });
        const message = await once(lost.stderr, "data");
        fs.rmSync(empty, { recursive: true });
        expect(message.join("")).toContain("npm install");
    });
});
