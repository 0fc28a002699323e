import { type Release, readLedgers } from "./ledger";
import { UserError, main, print } from "./progress";
import { Pulumi } from "./pulumiCli";
import { registryAsker } from "./registryAsker";
import type { ImagePlace } from "./releaseImages";
import { placesOf } from "./rollbackProof";
import { splitStack } from "./stack";
import { table } from "./table";

const USAGE = `./scripts/releases [-s STACK] [--json] [SERVICE …]

Lists what was released on the stack's hosts, the newest first. \`*\` is what runs. ROLLBACK says which can be gone back to:

  yes       its image is on the host
  by pull   its registry has the image
  no        the image is gone
  unknown   the registry does not answer
`;

/** A release, and whether ./scripts/rollback can go back to it. */
interface ListedRelease extends Release {
    rollback: ImagePlace;
}
const WORDS: Record<ImagePlace, string> = { here: "yes", registry: "by pull", gone: "no", unknown: "unknown" };

main(async () => {
    if (process.argv.includes("--help")) {
        process.stdout.write(USAGE);
        return 0;
    }
    const { stack, rest } = splitStack(process.argv.slice(2));
    const services = rest.filter((word) => !word.startsWith("-"));
    const unknown = rest.filter((word) => word.startsWith("-") && word !== "--json");
    if (unknown.length > 0) throw new UserError(`${unknown.join(" ")}: no such option\n${USAGE}`);
    const pulumi = await Pulumi.find();
    const ask = registryAsker(pulumi, stack);
    const hosts = await Promise.all(
        (await readLedgers(pulumi, stack)).map(async ({ host, releases }) => {
            const asked = releases.filter(({ service }) => services.length === 0 || services.includes(service));
            const places = await placesOf({ host, releases: asked }, ask);
            return asked.map((release, at): ListedRelease => ({ ...release, rollback: places[at] ?? "unknown" }));
        }),
    );
    const text = rest.includes("--json") ? `${JSON.stringify(hosts.flat())}\n` : hosts.map(describe).join("\n");
    print(text);
    return 0;
});

/** A line for each release. */
function describe(releases: ListedRelease[]): string {
    if (releases.length === 0) return "no release yet\n";
    const newest = new Map(releases.map(({ service, release }) => [service, release]));
    const rows = releases
        .toReversed()
        .map(({ service, release, time, of, image, rollback }) => [
            newest.get(service) === release ? "*" : "",
            String(release),
            service,
            `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`,
            of,
            image.slice(7, 19),
            WORDS[rollback],
        ]);
    return table([["", "RELEASE", "SERVICE", "SINCE", "IMAGE", "ID", "ROLLBACK"], ...rows]);
}
