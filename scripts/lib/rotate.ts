import { hostCommand, notUnderstood } from "./hostCommand";
import { chosenHosts, openStack } from "./hosts";
import { stackLabels } from "./labels";
import { Pulumi } from "./pulumiCli";
import { recover } from "./recovery";
import { rotateClientKey } from "./rotation/clientKey";
import { rotateHostKey } from "./rotation/hostKey";
import { alone } from "./stack";
import { findState } from "./state";

const USAGE = `./scripts/rotate [-s STACK] [-H HOST] ssh-key|host-key

ssh-key    another key for who logs in: both are let in until the stack has the new one
host-key   another key for the host itself: kept only when a login by it has succeeded

The hosts run on; the next ./scripts/up finds nothing to change. A secret of a service is rotated by
\`./scripts/pulumi config set --secret --path berth:secrets.NAME\` and ./scripts/up.
`;
const ROTATIONS = { "ssh-key": rotateClientKey, "host-key": rotateHostKey };

hostCommand(USAGE, ({ stack, host, rest }) => {
    const [what = "", ...more] = rest;
    if (!Object.hasOwn(ROTATIONS, what) || more.length > 0) throw notUnderstood(rest.join(" ") || "nothing", USAGE);
    return alone(stack, async () => {
        const pulumi = await Pulumi.find();
        const state = await findState(pulumi, stack);
        // Before a host is touched: the state could not take the new key, and would lose what a killed run had begun.
        if (state) await recover(pulumi, stack, state, stackLabels(stack));
        const { hosts } = await openStack(pulumi, stack);
        for (const one of chosenHosts(hosts, host)) await ROTATIONS[what as keyof typeof ROTATIONS](pulumi, stack, one);
        return 0;
    });
});
