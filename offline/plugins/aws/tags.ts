// Tags in the forms that Pulumi and EC2 have for them.
import { CreateTagsCommand, DeleteTagsCommand, type ResourceType, type Tag } from "@aws-sdk/client-ec2";
import type { Props } from "../../../providers/runtime/types";
import { same } from "../../../providers/runtime/wire";
import type { Aws } from "./clients";

type Tags = Record<string, string>;

/** Tags as AWS's requests take them. */
export function tagList(tags: Tags = {}): { Key: string; Value: string }[] {
    return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Tags as outputs: what AWS itself has set is nobody's to change. */
export function tagOutputs(found: readonly Pick<Tag, "Key" | "Value">[] = []): { tags: Tags; tagsAll: Tags } {
    const tags = Object.fromEntries(
        found.flatMap(({ Key = "", Value = "" }) => (Key.startsWith("aws:") ? [] : [[Key, Value]])),
    );
    return { tags, tagsAll: tags };
}

/** For a request that makes something of that type. */
export function tagSpecification(type: ResourceType, { tags }: Props) {
    const list = tagList(tags);
    return list.length === 0 ? [] : [{ ResourceType: type, Tags: list }];
}

/** Which tags to remove, and which to set. */
export function tagChanges(olds: Tags = {}, news: Tags = {}): { removed: string[]; set: Tags } {
    return {
        removed: Object.keys(olds).filter((key) => !(key in news)),
        set: Object.fromEntries(Object.entries(news).filter(([key, value]) => olds[key] !== value)),
    };
}

/** Gives one of EC2's things the new tags. */
export async function retag({ ec2 }: Aws, id: string, olds: Props, news: Props): Promise<void> {
    if (same(olds.tags, news.tags)) return;
    const { removed, set } = tagChanges(olds.tags, news.tags);
    if (removed.length > 0)
        await ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: removed.map((Key) => ({ Key })) }));
    if (Object.keys(set).length > 0)
        await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: tagList(set) }));
}
