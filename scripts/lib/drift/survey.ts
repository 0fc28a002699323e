import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { jsonOf, recordOf, recordsOf, textMapOf } from "../../../components/readings";
import { hostFolder } from "../../../components/services/files/hostFolder";
import { asRoot } from "../../../components/host/asRoot";
import type { NamedHost } from "../hosts";
import { overSsh } from "../overSsh";
import { UserError } from "../progress";

const SCRIPT = path.join(__dirname, "../../survey-drift.py");
/** Seconds for a host to be dialled. */
const DIAL_SECONDS = 10;
/** For the whole survey, milliseconds. */
const TIMEOUT = 180_000;

/** Each reads what Docker, systemd or apt said, and takes null or another type for nothing. */
const text = z.string().catch("");
const texts = z.array(z.string()).catch([]);
const number = z.number().catch(0);
const flag = z.boolean().catch(false);
const map = z.preprocess(textMapOf, z.record(z.string(), z.string()));
const part = <Shape extends z.ZodRawShape>(shape: Shape) => z.preprocess(recordOf, z.object(shape));
const parts = <Shape extends z.ZodRawShape>(shape: Shape) => z.preprocess(recordsOf, z.array(z.object(shape)));

/** The parts of `docker container inspect` that are looked at. */
const inspectedContainer = {
    Id: text,
    Name: text,
    Image: text,
    State: part({
        Status: text,
        ExitCode: number,
        OOMKilled: flag,
        /** Why Docker could not start it. */
        Error: z.string().optional().catch(undefined),
        Health: z.object({ Status: text }).optional().catch(undefined),
    }),
    Config: part({ Image: text, Env: texts, Labels: map, Cmd: texts, Entrypoint: texts }),
    HostConfig: part({
        RestartPolicy: part({ Name: text }),
        Memory: number,
        Privileged: flag,
        ReadonlyRootfs: flag,
        PortBindings: z.record(z.string(), parts({ HostIp: text, HostPort: text })).catch({}),
        Tmpfs: map,
    }),
    Mounts: parts({
        Type: text,
        Name: z.string().optional().catch(undefined),
        Source: text,
        Destination: text,
        RW: flag,
    }),
    NetworkSettings: part({ Networks: z.preprocess(recordOf, z.record(z.string(), z.unknown())) }),
};

const inspectedImage = {
    Id: text,
    RepoDigests: texts,
    Env: texts,
    Labels: map,
    Cmd: texts,
    Entrypoint: texts,
    Volumes: texts,
};

/** What a host has, as scripts/survey-drift.py prints it. */
const surveySchema = z.object({
    engine: part({
        /** Why `docker version` failed; empty where it did not. */
        failure: z.string().catch("what it says cannot be read"),
        versions: part({ engine: text, containerd: text, compose: text, buildx: text }),
        /** Version by package. */
        packages: map,
        missing: texts,
        held: texts,
    }),
    daemon: part({ broken: flag, differing: texts }),
    /** Members of the group `docker`. */
    group: texts,
    units: z.preprocess(recordOf, z.record(z.string(), part({ enabled: text, active: text }))),
    containers: parts(inspectedContainer),
    networks: parts({ Id: text, Name: text }),
    volumes: texts,
    images: parts(inspectedImage),
    /** Bytes; `inodesFree` is a share of 1. */
    disks: parts({ path: text, total: number, free: number, inodesFree: z.number().catch(1) }),
    certificates: parts({ file: text, pem: text }),
    reboot: part({ required: flag, packages: texts }),
    /** Packages that apt would take from a security suite. `listsAge` is in seconds; null where there are no lists. */
    updates: part({ security: texts, listsAge: z.number().nullable().catch(null) }),
});

export type Survey = z.infer<typeof surveySchema>;
export type InspectedContainer = Survey["containers"][number];
export type InspectedImage = Survey["images"][number];

/** What is held against the state: taken for empty, all of it would seem to be missing. */
const LISTS = ["containers", "networks", "volumes", "images"];

/**
 * Reads what scripts/survey-drift.py printed.
 *
 * @throws UserError where it does not say what the engine has
 */
export function readSurvey(json: string): Survey {
    const survey = recordOf(jsonOf(json));
    const unread = LISTS.filter((key) => !Array.isArray(survey[key]));
    if (unread.length > 0) throw new UserError(`it does not say what it has: ${unread.join(", ")}`);
    return surveySchema.parse(survey);
}

/**
 * Looks at a host by one SSH session.
 *
 * @param prefix `PROJECT-STACK`
 * @throws UserError where it does not answer, or has no Python
 */
export async function surveyHost(host: NamedHost, prefix: string): Promise<Survey> {
    const command = asRoot(host.user, ["python3", "-", hostFolder(prefix)]);
    const result = await overSsh(host, command, {
        input: fs.readFileSync(SCRIPT, "utf8"),
        timeout: TIMEOUT,
        dialSeconds: DIAL_SECONDS,
    });
    if (result.exitCode === 0) return readSurvey(result.stdout);
    const reason = result.error?.message ?? (result.all.split("\n").at(-1) || `no answer within ${TIMEOUT / 1000} s`);
    throw new UserError(reason);
}
