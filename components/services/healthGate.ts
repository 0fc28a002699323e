import { shellQuote } from "../shellQuote";
import { type Healthcheck, type ServiceSpec, own } from "./compose";
import { parseImageReference } from "./image";

/** Seconds until the gate gives up on a container that is neither healthy nor unhealthy, at least. */
const TIMEOUT = 120;
/** Seconds that a one-off job may take. */
const JOB_TIMEOUT = 3600;
/** The engine's own values of a health check, in seconds. */
const DEFAULTS = { interval: 30, timeout: 30, retries: 3 };

/** Official images that have no HEALTHCHECK of their own, and a command in them that tells. */
const PROBES: Record<string, string[]> = {
    // Any HTTP answer will do: what a site answers at / is its own affair.
    nginx: ["curl", "-sS", "-o", "/dev/null", "--max-time", "2", "http://127.0.0.1:PORT/"],
};

/**
 * The command that ends when a service's container is healthy, or, for a one-off job, when it has ended well; its input
 * is scripts/health-gate.sh.
 *
 * @param address of the container, where it has one that is known
 */
export function gateCommand(containerId: string, spec: ServiceSpec, isJob: boolean, address?: string): string {
    const mode = isJob ? "job" : "service";
    const words = [containerId, gateTimeout(spec.healthcheck, isJob), mode, ...(isJob ? [] : probeOf(spec, address))];
    return `bash -s -- ${words.map((word) => shellQuote(String(word))).join(" ")}`;
}

/** Seconds in which a health check has spoken, however late: as long as the engine may look at most, and a little. */
export function gateTimeout(check: Healthcheck | undefined, isJob: boolean): number {
    if (isJob) return JOB_TIMEOUT;
    const seconds = (ms: number | undefined, otherwise: number) => (ms === undefined ? otherwise : ms / 1000);
    const round = seconds(check?.interval, DEFAULTS.interval) + seconds(check?.timeout, DEFAULTS.timeout);
    const all = seconds(check?.start_period, 0) + (check?.retries ?? DEFAULTS.retries) * round;
    return check ? Math.max(TIMEOUT, Math.ceil(all) + 10) : TIMEOUT;
}

/**
 * What is tried where no health check tells whether a container serves: the port that nginx leads to, or, of a
 * well-known image, a command in the container.
 *
 * @returns words of a command, or a URL `tcp://ADDRESS:PORT`; none where the service has a check, or nothing is known
 */
export function probeOf(
    spec: Pick<ServiceSpec, "image" | "ports" | "healthcheck" | "command" | "serves_at">,
    address?: string,
): string[] {
    if (spec.serves_at !== undefined && address !== undefined && !spec.healthcheck) {
        return [`tcp://${address}:${spec.serves_at}`];
    }
    if (spec.image === undefined || spec.healthcheck || spec.command) return [];
    const repository = parseImageReference(spec.image)?.repository.replace(/^(docker\.io\/)?(library\/)?/, "");
    const probe = repository && own(PROBES, repository);
    const port = spec.ports.find(({ protocol }) => protocol === "tcp")?.target;
    return probe && port !== undefined ? probe.map((word) => word.replace("PORT", String(port))) : [];
}
