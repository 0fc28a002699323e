import { Volume } from "@pulumi/aws/ebs/volume";
import type { Instance } from "@pulumi/aws/ec2/instance";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import { hostCommand } from "../remote";
import { type SshConnection, commandConnection } from "./host";
import type { Ec2HostConfig } from "./hostSchema";

const MOUNT_SCRIPT = path.join(__dirname, "../../scripts/mount-data-disk.sh");
/** GiB. */
const DEFAULT_SIZE = 20;
/** Where EC2 is told to attach it. On Nitro instances the kernel names it by itself: the script looks by volume id. */
const DEVICE = "/dev/sdf";

/**
 * A disk of its own for Docker's data. It moves to a new server: the old one is stopped first, so that nothing writes.
 *
 * @returns the volume's id, and what is done when Docker's data root lies on it
 */
export function createDataDisk(
    name: string,
    config: NonNullable<Ec2HostConfig["dataDisk"]>,
    args: {
        instance: Instance;
        availabilityZone: string;
        connection: SshConnection;
        tags: Record<string, string>;
        /** The host answers at its address. */
        reachable: pulumi.Resource[];
    },
    options: pulumi.CustomResourceOptions,
): { volumeId: pulumi.Output<string>; mounted: pulumi.Resource } {
    const { instance, tags } = args;
    const volumeId =
        config.volumeId === undefined
            ? new Volume(
                  name,
                  {
                      availabilityZone: args.availabilityZone,
                      size: config.size ?? DEFAULT_SIZE,
                      type: "gp3",
                      ...(config.iops !== undefined && { iops: config.iops }),
                      encrypted: true,
                      tags,
                  },
                  { ...options, retainOnDelete: !config.deleteOnDestroy, ignoreChanges: ["availabilityZone"] },
              ).id
            : pulumi.output(config.volumeId);
    const attachment = new VolumeAttachment(
        `${name}-attachment`,
        { deviceName: DEVICE, instanceId: instance.id, volumeId, stopInstanceBeforeDetaching: true },
        { ...options, deleteBeforeReplace: true },
    );
    const mounted = hostCommand(
        `${name}-mount`,
        {
            connection: commandConnection(args.connection),
            create: pulumi.interpolate`sudo -n bash -s -- ${volumeId}`,
            stdin: fs.readFileSync(MOUNT_SCRIPT, "utf8"),
            triggers: [instance.id, attachment.id, ...(config.size === undefined ? [] : [config.size])], // a larger disk is grown
        },
        { parent: options.parent, deletedWith: instance, dependsOn: [attachment, ...args.reachable] },
    );
    return { volumeId, mounted };
}
