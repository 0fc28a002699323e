import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { whenLetIn } from "./jumpHost";
import { printableCommand } from "./printableCommand";

/** `environment` and the previous output are missing: sshd refuses both. */
export type HostCommandArgs = Omit<remote.CommandArgs, "addPreviousOutputInEnv" | "environment">;

/**
 * A command on a host, run when it is created, updated and deleted. Every one of the program is made here, as what it
 * prints must be made printable before the plugin sees it: a line of more than 64 KiB would block it for ever, and a byte
 * that is no UTF-8 would fail the update.
 *
 * @param args as of `remote.Command`; stdin goes to the command as it is
 */
export function hostCommand(
    name: string,
    args: HostCommandArgs,
    options: pulumi.CustomResourceOptions,
): remote.Command {
    const { create, update, delete: remove, ...rest } = args;
    const letIn = whenLetIn(name, args.connection);
    return new remote.Command(
        name,
        {
            ...rest,
            ...(create !== undefined && { create: printable(create) }),
            ...(update !== undefined && { update: printable(update) }),
            ...(remove !== undefined && { delete: printable(remove) }),
            addPreviousOutputInEnv: false,
        },
        letIn ? { ...options, hooks: both(letIn, options.hooks) } : options,
    );
}

function both(first: pulumi.ResourceHookBinding, second: pulumi.ResourceHookBinding = {}): pulumi.ResourceHookBinding {
    return {
        ...second,
        beforeCreate: [...(first.beforeCreate ?? []), ...(second.beforeCreate ?? [])],
        beforeUpdate: [...(first.beforeUpdate ?? []), ...(second.beforeUpdate ?? [])],
    };
}

const printable = (command: pulumi.Input<string>) => pulumi.output(command).apply(printableCommand);
