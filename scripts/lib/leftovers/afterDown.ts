import * as fs from "node:fs";
import { setTimeout } from "node:timers/promises";
import { type NamedHost, hostsIn } from "../hosts";
import { expandHome } from "../identity";
import { say } from "../progress";
import type { StackFile } from "../stack";
import type { StateResource } from "../state";
import { type Known, leftOnAws } from "./aws";
import { leftHere, leftOn } from "./docker";
import type { Leftover } from "./leftover";

const ATTEMPTS = 12;
const PAUSE_MS = 5000;

/** Where a stack was, as far as it is known. */
export interface Traces {
    /** Absent where the person has removed the file. */
    file?: StackFile;
    /** The engine of this computer that held its machine. */
    dockerHost?: string;
    /** The stack's resources before it went down. Default: none known */
    before?: StateResource[];
    /** A server that stays. Default: those of `before` */
    servers?: NamedHost[];
    /** Whether it has just gone down: AWS lists what was deleted for a while, which is waited for. Default: false */
    isFresh?: boolean;
}

/**
 * All of a stack that is left after `down`.
 *
 * @throws UserError where something does not answer
 */
export async function findLeftovers(stack: string, traces: Traces): Promise<Leftover[]> {
    const { file, dockerHost, before = [] } = traces;
    const kind = file?.get("berth:host", "kind");
    const left: Leftover[] = [];
    if (dockerHost !== undefined && kind === "local") left.push(...(await leftHere(stack, dockerHost)));
    if (kind === "existing") {
        for (const server of traces.servers ?? hostsIn(before)) left.push(...(await leftOn(stack, server)));
    }
    if (file && kind === "ec2") {
        const iam = file.get("berth:host", "ssm") === true || before.some(({ type }) => type.startsWith("aws:iam/"));
        const attempts = traces.isFresh ? ATTEMPTS : 1;
        left.push(...(await leftOnAwsInTheEnd(stack, file, { kept: keptIn(before), iam }, attempts)));
    }
    return [...left, ...keysOf(before)];
}

const keptIn = (resources: StateResource[]) =>
    new Set(resources.flatMap(({ id, retainOnDelete }) => (retainOnDelete && id !== undefined ? [id] : [])));

async function leftOnAwsInTheEnd(stack: string, file: StackFile, known: Known, attempts: number): Promise<Leftover[]> {
    for (let attempt = 1; ; attempt++) {
        const left = await leftOnAws(stack, file, known);
        if (attempt === attempts || left.every((one) => one.kept !== undefined)) return left;
        if (attempt === 1) say("AWS still lists something of the stack: asking again");
        await setTimeout(PAUSE_MS);
    }
}

/** Client keys of the stack's own on this computer. */
function keysOf(resources: StateResource[]): Leftover[] {
    const files = hostsIn(resources)
        .flatMap(({ options }) => options)
        .flatMap((option) => /^IdentityFile=(\$\{HOME\}\/\.berth\/.*)$/.exec(option)?.[1] ?? []);
    return [...new Set(files)]
        .filter((file) => fs.existsSync(expandHome(file)))
        .map((name) => ({ where: "this computer", kind: "key", name }));
}
