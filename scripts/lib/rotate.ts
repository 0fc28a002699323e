import { chooseHost, openStack } from "./hosts";
import { leadingOptions } from "./leadingOptions";
import { UserError, main } from "./progress";
import { Pulumi } from "./pulumiCli";
import { rotateClientKey } from "./rotation/clientKey";
import { rotateHostKey } from "./rotation/hostKey";
import { alone } from "./stack";

const USAGE = `./scripts/rotate [-s STACK] [-H HOST] ssh-key|host-key

ssh-key    another key for who logs in: both are let in until the stack has the new one
host-key   another key for the host itself: kept only when a login by it has succeeded

The hosts run on; the next ./scripts/up finds nothing to change. A secret of a service is rotated by
\`./scripts/pulumi config set --secret --path berth:secrets.NAME\` and ./scripts/up.
`;
const ROTATIONS = { "ssh-key": rotateClientKey, "host-key": rotateHostKey };

main(async () => {
    const { stack, host, help, rest } = leadingOptions(process.argv.slice(2));
    if (help || rest.includes("--help")) {
        process.stdout.write(USAGE);
        return 0;
    }
    const [what = "", ...more] = rest;
    if (!Object.hasOwn(ROTATIONS, what) || more.length > 0)
        throw new UserError(`${rest.join(" ") || "nothing"}: not understood\n${USAGE}`);
    return alone(stack, async () => {
        const pulumi = await Pulumi.find();
        const { hosts } = await openStack(pulumi, stack);
        const chosen = host === undefined ? hosts : [chooseHost(hosts, host)];
        await ROTATIONS[what as keyof typeof ROTATIONS](pulumi, stack, chosen);
        return 0;
    });
});
