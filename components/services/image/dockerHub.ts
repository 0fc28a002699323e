/** The host that answers for Docker Hub. */
export const HUB = "registry-1.docker.io";
const NAMES = ["docker.io", "index.docker.io", "registry.hub.docker.com", HUB];

/** Whether a registry's host stands for Docker Hub. */
export const isHub = (host: string) => NAMES.includes(host);
