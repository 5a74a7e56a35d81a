// The functions of the aws plugin that Skep calls: availability zones and images.
import type { Filter } from "@aws-sdk/client-ec2";
import type { Context, Props } from "../../../providers/runtime/types";
import { clients } from "./clients";

type Asking = Pick<Context, "config" | "signal">;

const filtersOf = ({ filters = [] }: Props): Filter[] =>
    (filters as Props[]).map(({ name, values }) => ({ Name: name, Values: values }));

function refuseOthers(args: Props, ...known: string[]): void {
    const unknown = Object.keys(args).find((key) => !known.includes(key));
    if (unknown) throw new Error(`'${unknown}' is not covered by the stand-in`);
}

/** The zones that match, sorted by name. Refuses arguments other than `state` and `filters`. */
export async function getAvailabilityZones(args: Props, ctx: Asking): Promise<Props> {
    refuseOthers(args, "state", "filters");
    const { ec2, region } = clients(ctx);
    const { AvailabilityZones = [] } = await ec2.describeAvailabilityZones({
        Filters: [
            ...(args.state ? [{ Name: "state", Values: [args.state as string] }] : []),
            ...filtersOf(args),
        ],
    });
    const zones = [...AvailabilityZones].sort((a, b) => (a.ZoneName ?? "").localeCompare(b.ZoneName ?? ""));
    return {
        ...args,
        id: region,
        region,
        groupNames: [...new Set(zones.flatMap(({ GroupName }) => GroupName ?? []))],
        names: zones.map(({ ZoneName }) => ZoneName),
        zoneIds: zones.map(({ ZoneId }) => ZoneId),
    };
}

/** The newest image that matches. Throws, as the official plugin does, for none, and for several without `mostRecent`. */
export async function getAmi(args: Props, ctx: Asking): Promise<Props> {
    refuseOthers(args, "owners", "mostRecent", "filters");
    const { ec2, region } = clients(ctx);
    const answer = await ec2.describeImages({ Owners: args.owners, Filters: filtersOf(args) });
    const images = [...(answer.Images ?? [])].sort((a, b) =>
        (b.CreationDate ?? "").localeCompare(a.CreationDate ?? ""),
    );
    const [found, ...others] = images;
    if (!found)
        throw new Error("Your query returned no results. Please change your search criteria and try again.");
    if (others.length > 0 && !args.mostRecent)
        throw new Error("Your query returned more than one result; set mostRecent, or search for less.");
    return {
        ...args,
        id: found.ImageId,
        imageId: found.ImageId,
        architecture: found.Architecture,
        creationDate: found.CreationDate,
        name: found.Name,
        ownerId: found.OwnerId,
        region,
        rootDeviceName: found.RootDeviceName,
        state: found.State,
    };
}
