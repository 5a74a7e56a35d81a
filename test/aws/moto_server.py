"""moto's server with three corrections. It takes the arguments of moto_server."""

import copy

from moto.ec2.models import amis
from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.server import main


class Copies(list):
    """Gives each region its own copies of images: moto parses dates in place, and would fail at the second region."""

    def __iter__(self):
        return iter([copy.deepcopy(item) for item in super().__iter__()])


amis.AMIS = Copies(amis.AMIS)

# moto looks for a rule's description with its range only. A rule for another group's members has it with the group.
SecurityGroupRule.description = property(
    lambda rule: rule.ip_range.get("Description") or rule.source_group.get("Description")
)

terminate = Instance.terminate


def terminate_and_free(self):
    """Frees a terminated instance's private address, as EC2 does: another instance may ask for it."""
    previous = terminate(self)
    subnet = self.ec2_backend.get_subnet(self.subnet_id)
    for address in self._private_ips:
        # Instances that ask for no address never get it: managers' addresses are in a reserved range.
        subnet._subnet_ips.pop(address, None)
    return previous


Instance.terminate = terminate_and_free

if __name__ == "__main__":
    main()
