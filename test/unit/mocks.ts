import * as pulumi from "@pulumi/pulumi";
import { commandWithin, printableCommand } from "../../components/remote";
import { privateKey } from "./keys";

export interface Registered extends pulumi.runtime.MockResourceArgs {
    parent?: string;
}
let all: Registered[] = [];

/** What invokes answer, by token; an Error is thrown. Default: their arguments */
export const answers: Record<string, Record<string, unknown> | Error> = {};
/** Types of which an update leaves all out, as by `--target`: their outputs are what was asked for, and no more. */
export const untargeted = new Set<string>();
/** All invokes since the file began. */
export const calls: pulumi.runtime.MockCallArgs[] = [];

/** Everything that was asked for since `reset`. */
export const registered = () => all;
export const reset = () => (all = []);
export const names = () => all.map((r) => r.name);

/** What the real plugins would answer, as far as components read it. */
const OUTPUTS: Record<string, (name: string) => Record<string, unknown>> = {
    "command:local:Command": () => ({ stdout: privateKey }),
    "docker:index/remoteImage:RemoteImage": () => ({ imageId: "sha256:abc" }),
    "aws:ec2/eip:Eip": () => ({ publicIp: "198.51.100.7", allocationId: "eipalloc-1" }),
    "aws:ec2/instance:Instance": () => ({ publicIp: "198.51.100.8", privateIp: "10.0.0.8" }),
    "aws:iam/role:Role": (name) => ({ name }),
    "aws:iam/instanceProfile:InstanceProfile": (name) => ({ name }),
    "aws:ec2/keyPair:KeyPair": (name) => ({ keyName: name }),
    "command:remote:Command": (name) => ({
        stdout: name.includes("-survey-") ? '{"machineId":"abc","firewall":"ufw"}' : '{"engine":"28.5.2"}',
    }),
};

void pulumi.runtime.setMocks(
    {
        newResource: (args) => {
            if (args.type === "command:remote:Command") refuseUnprintable(args);
            all.push(args);
            const state = {
                ...(args.inputs as object),
                ...(untargeted.has(args.type) ? {} : OUTPUTS[args.type]?.(args.name)),
            };
            return { id: `${args.name}-id`, state };
        },
        call: (args) => {
            calls.push(args);
            const answer = answers[args.token];
            if (answer instanceof Error) throw Object.assign(answer, { details: answer.message }); // as gRPC's errors
            return answer ?? (args.inputs as Record<string, unknown>);
        },
    },
    "berth",
    "test",
);

/** What a host prints must be made printable before the plugin sees it, whichever component runs the command. */
function refuseUnprintable({ name, inputs }: pulumi.runtime.MockResourceArgs) {
    const { create, update, delete: remove, addPreviousOutputInEnv } = inputs as Record<string, unknown>;
    for (const command of [create, update, remove].map(unwrap)) {
        if (typeof command === "string" && command !== printableCommand(commandWithin(command))) {
            throw new Error(`${name} does not go through hostCommand: ${command}`);
        }
    }
    if (addPreviousOutputInEnv !== false) throw new Error(`${name} hands sshd variables, which it refuses`);
}

/** The SDK's mocks know no hooks: they are taken, and never run. */
export function takeHooks(): void {
    const monitor = pulumi.runtime.getMonitor() as unknown as Record<string, unknown>;
    monitor["registerResourceHook"] = (_: unknown, done: (error: null, answer: object) => void) => done(null, {});
}

/** All registrations that have begun: some wait for files, which takes as long as it takes. The SDK's types leave it out. */
const { waitForRPCs } = pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> };

/** Waits until the components have registered all that they ask for. */
export async function settle(): Promise<void> {
    let seen = -1;
    while (seen !== all.length) {
        seen = all.length;
        await waitForRPCs();
        for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
}

/** A secret is handed to the mocks as an object with this signature. */
export const unwrap = (value: unknown): unknown =>
    typeof value === "object" && value !== null && "4dabf18193072939515e22adb298388d" in value
        ? (value as unknown as { value: unknown }).value
        : value;
export const isSecret = (value: unknown) => unwrap(value) !== value;

/** What a resource was asked for with; of a command on a host, without what makes its output printable. */
export function inputsOf(name: string): Record<string, unknown> {
    const resource = all.find((r) => r.name === name && !r.type.startsWith("berth:"));
    if (!resource) throw new Error(`${name} was not registered; there are: ${all.map((r) => r.name).join(", ")}`);
    const inputs = resource.inputs as Record<string, unknown>;
    if (resource.type !== "command:remote:Command") return inputs;
    const isCommand = (key: string) => key === "create" || key === "update" || key === "delete";
    const plain = (value: unknown) => (typeof value === "string" ? commandWithin(value) : value);
    return Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, isCommand(k) ? plain(v) : v]));
}
