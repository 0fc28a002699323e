import { type Release, readLedgers } from "./ledger";
import { UserError, main } from "./progress";
import { Pulumi } from "./pulumiCli";
import { splitStack } from "./stack";
import { table } from "./table";

const USAGE = `./scripts/releases [-s STACK] [--json] [SERVICE …]

Lists what was released on the stack's hosts, the newest first. \`*\` is what runs.
`;

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
    const hosts = (await readLedgers(pulumi, stack)).map((releases) =>
        releases.filter(({ service }) => services.length === 0 || services.includes(service)),
    );
    const text = rest.includes("--json") ? `${JSON.stringify(hosts.flat())}\n` : hosts.map(describe).join("\n");
    process.stdout.write(text);
    return 0;
});

/** A line for each release. */
function describe(releases: Release[]): string {
    if (releases.length === 0) return "no release yet\n";
    const newest = new Map(releases.map(({ service, release }) => [service, release]));
    const rows = releases
        .toReversed()
        .map(({ service, release, time, of, image }) => [
            newest.get(service) === release ? "*" : "",
            String(release),
            service,
            `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`,
            of,
            image.slice(7, 19),
        ]);
    return table([["", "RELEASE", "SERVICE", "SINCE", "IMAGE", "ID"], ...rows]);
}
