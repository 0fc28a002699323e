import * as fs from "node:fs";
import * as path from "node:path";
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

/** What a host has, as scripts/survey-drift.py prints it. */
export interface Survey {
    engine: {
        /** Why `docker version` failed; empty where it did not. */
        failure: string;
        versions: Record<"engine" | "containerd" | "compose" | "buildx", string>;
        /** Version by package. */
        packages: Record<string, string>;
        missing: string[];
        held: string[];
    };
    daemon: { broken: boolean; differing: string[] };
    /** Members of the group `docker`. */
    group: string[];
    units: Record<string, { enabled: string; active: string }>;
    containers: InspectedContainer[];
    networks: { Id: string; Name: string }[];
    volumes: string[];
    images: InspectedImage[];
    /** Bytes; `inodesFree` is a share of 1. */
    disks: { path: string; total: number; free: number; inodesFree: number }[];
    certificates: { file: string; pem: string }[];
    reboot: { required: boolean; packages: string[] };
    /** Packages that apt would take from a security suite. `listsAge` is in seconds; null where there are no lists. */
    updates: { security: string[]; listsAge: number | null };
}

/** The parts of `docker container inspect` that are looked at. */
export interface InspectedContainer {
    Id: string;
    Name: string;
    Image: string;
    State: { Status: string; ExitCode: number; OOMKilled: boolean; Health?: { Status: string } };
    Config: {
        Image: string;
        Env: string[] | null;
        Labels: Record<string, string> | null;
        Cmd: string[] | null;
        Entrypoint: string[] | null;
    };
    HostConfig: {
        RestartPolicy: { Name: string };
        Memory: number;
        Privileged: boolean;
        ReadonlyRootfs: boolean;
        PortBindings: Record<string, { HostIp: string; HostPort: string }[] | null> | null;
        Tmpfs?: Record<string, string> | null;
    };
    Mounts: { Type: string; Name?: string; Source: string; Destination: string; RW: boolean }[];
    NetworkSettings: { Networks: Record<string, unknown> | null };
}

export interface InspectedImage {
    Id: string;
    RepoDigests: string[];
    Env: string[];
    Labels: Record<string, string>;
    Cmd: string[];
    Entrypoint: string[];
    Volumes: string[];
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
    if (result.exitCode === 0) return JSON.parse(result.stdout) as Survey;
    const reason = result.error?.message ?? (result.all.split("\n").at(-1) || `no answer within ${TIMEOUT / 1000} s`);
    throw new UserError(reason);
}
