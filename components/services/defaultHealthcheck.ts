import { parseImageReference } from "./imageReference";
import type { ServiceSpec } from "./serviceSchema";

/** The provider's `healthcheck`, durations in Go's words. */
interface Healthcheck {
    tests: string[];
    interval: string;
    timeout: string;
    startPeriod: string;
    startInterval: string;
    retries: number;
}

/** Official images that have no HEALTHCHECK of their own, and a command in them that tells. */
const TESTS: Record<string, string[]> = {
    // Any HTTP answer will do: what a site answers at / is its own affair.
    nginx: ["CMD", "curl", "-sS", "-o", "/dev/null", "--max-time", "2", "http://127.0.0.1:PORT/"],
};

/**
 * The health check of a well-known image that brings none. Other images keep what their own HEALTHCHECK says.
 *
 * @returns undefined where nothing is known of the image, or it publishes no port
 */
export function defaultHealthcheck(spec: Pick<ServiceSpec, "image" | "ports">): Healthcheck | undefined {
    const repository = parseImageReference(spec.image)?.repository.replace(/^(docker\.io\/)?(library\/)?/, "");
    const test = repository && Object.hasOwn(TESTS, repository) ? TESTS[repository] : undefined;
    const port = spec.ports[0]?.target;
    if (!test || port === undefined) return undefined;
    const tests = test.map((word) => word.replace("PORT", String(port)));
    // Probed often until it answers for the first time, so that nobody waits; then seldom. (Docker 25 and later.)
    return { tests, interval: "10s", timeout: "3s", startPeriod: "30s", startInterval: "500ms", retries: 3 };
}
