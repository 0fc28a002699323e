import { resolveArchitectures } from "../../../components/services/image/registryDigest";
import { registriesOf } from "../registries";
import { type Check, fail, ok, warn } from "./check";
import type { KnownConfig } from "./config";

/**
 * Whether the services' images are there, and for the host.
 *
 * @param architecture the host's, in Docker's words: `amd64`, `arm64`
 */
export async function images({ file, config }: KnownConfig, architecture: string | undefined): Promise<Check[]> {
    if (!config || architecture === undefined) return [];
    const services = Object.entries(config.project.services).filter(([, { build }]) => build === undefined);
    const wanted = new Map<string, { image: string; needed: string; users: string[] }>();
    for (const [service, { image, platform }] of services) {
        if (image === undefined) continue;
        const needed = platform?.split("/")[1] ?? architecture;
        const users = [...(wanted.get(`${image} ${needed}`)?.users ?? []), service];
        wanted.set(`${image} ${needed}`, { image, needed, users });
    }
    const options = await registriesOf(file, config.registries).catch(String);
    if (typeof options === "string") return [warn("images", options, "berth:registries: mend its credentials")];
    const checks = [...wanted.values()].map(async ({ image, needed, users }): Promise<Check> => {
        const what = `image ${image}`;
        const answer = await resolveArchitectures(image, options);
        if ("failure" in answer)
            return warn(what, answer.failure, "look at its name, at network and mirrors, and at berth:registries");
        const has = answer.architectures.join(", ") || "no Linux";
        return answer.architectures.includes(needed)
            ? ok(what, `is there for ${needed}`)
            : fail(
                  what,
                  `is for ${has}, the host of ${users.join(", ")} is ${needed}`,
                  "another image, or another host",
              );
    });
    return Promise.all(checks);
}
