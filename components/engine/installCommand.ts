import { asRoot } from "../host";

/** Another place for Docker's packages, with the key that signs them. */
export interface AptRepository {
    /** Base URL; `URL/gpg` is the armored key, `URL/dists/<codename>/stable` the packages. */
    url: string;
    /** Full fingerprint of that key, 40 hexadecimal digits. */
    fingerprint: string;
}

/** What the engine of a host shall be. */
export interface EngineSpec {
    /** Logins that use Docker without sudo. They exist on the host. */
    users: string[];
    /** Version of docker-ce, or its beginning, such as `28.5`; held. Default: the newest, not held */
    version?: string;
    /** Default: Docker's own repository for the host's distribution */
    apt?: AptRepository;
    /** Default: none */
    registryMirrors?: string[];
    /** Limits of each container's log. Default: 3 files of 10m */
    logs?: { maxSize?: string; maxFile?: number };
}

/** The command that runs scripts/install-docker.sh, given on stdin, as root, for a login that is root or may use sudo. */
export function installCommand(spec: EngineSpec, login: string): string {
    const option = (name: string, value: string | number | undefined) =>
        value === undefined ? [] : [`--${name}`, String(value)];
    const words = [
        ...[...new Set([login, ...spec.users])].filter(isNotRoot).flatMap((user) => option("user", user)),
        ...option("version", spec.version),
        ...option("apt-url", spec.apt?.url),
        ...option("apt-fingerprint", spec.apt?.fingerprint),
        ...(spec.registryMirrors ?? []).flatMap((url) => option("registry-mirror", url)),
        ...option("log-max-size", spec.logs?.maxSize),
        ...option("log-max-file", spec.logs?.maxFile),
    ];
    return asRoot(login, ["bash", "-s", "--", ...words]);
}

const isNotRoot = (user: string) => user !== "root";
