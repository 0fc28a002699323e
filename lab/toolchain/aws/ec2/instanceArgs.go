package ec2

import "github.com/pulumi/pulumi-go-provider/infer"

// InstanceArgs are an instance's inputs.
type InstanceArgs struct {
	Ami                      *string                        `pulumi:"ami,optional"`
	AssociatePublicIpAddress *bool                          `pulumi:"associatePublicIpAddress,optional"`
	AvailabilityZone         *string                        `pulumi:"availabilityZone,optional"`
	DisableApiTermination    *bool                          `pulumi:"disableApiTermination,optional"`
	EbsOptimized             *bool                          `pulumi:"ebsOptimized,optional"`
	IamInstanceProfile       *string                        `pulumi:"iamInstanceProfile,optional"`
	InstanceMarketOptions    *InstanceInstanceMarketOptions `pulumi:"instanceMarketOptions,optional"`
	InstanceType             *string                        `pulumi:"instanceType,optional"`
	Ipv6AddressCount         *int                           `pulumi:"ipv6AddressCount,optional"`
	KeyName                  *string                        `pulumi:"keyName,optional"`
	MetadataOptions          *InstanceMetadataOptions       `pulumi:"metadataOptions,optional"`
	Monitoring               *bool                          `pulumi:"monitoring,optional"`
	RootBlockDevice          *InstanceRootBlockDevice       `pulumi:"rootBlockDevice,optional"`
	SourceDestCheck          *bool                          `pulumi:"sourceDestCheck,optional"`
	SubnetId                 *string                        `pulumi:"subnetId,optional"`
	Tags                     map[string]string              `pulumi:"tags,optional"`
	UserData                 *string                        `pulumi:"userData,optional"`
	UserDataReplaceOnChange  *bool                          `pulumi:"userDataReplaceOnChange,optional"`
	VolumeTags               map[string]string              `pulumi:"volumeTags,optional"`
	VpcSecurityGroupIds      []string                       `pulumi:"vpcSecurityGroupIds,optional"`
}

// InstanceInstanceMarketOptions ask for a spot instance.
type InstanceInstanceMarketOptions struct {
	MarketType  *string                                   `pulumi:"marketType,optional"`
	SpotOptions *InstanceInstanceMarketOptionsSpotOptions `pulumi:"spotOptions,optional"`
}

// InstanceInstanceMarketOptionsSpotOptions say what it may cost and what happens when AWS wants it back.
type InstanceInstanceMarketOptionsSpotOptions struct {
	InstanceInterruptionBehavior *string `pulumi:"instanceInterruptionBehavior,optional"`
	MaxPrice                     *string `pulumi:"maxPrice,optional"`
	SpotInstanceType             *string `pulumi:"spotInstanceType,optional"`
	ValidUntil                   *string `pulumi:"validUntil,optional"`
}

// InstanceMetadataOptions are those of the metadata service that the machine sees.
type InstanceMetadataOptions struct {
	HttpEndpoint            *string `pulumi:"httpEndpoint,optional"`
	HttpProtocolIpv6        *string `pulumi:"httpProtocolIpv6,optional"`
	HttpPutResponseHopLimit *int    `pulumi:"httpPutResponseHopLimit,optional"`
	HttpTokens              *string `pulumi:"httpTokens,optional"`
	InstanceMetadataTags    *string `pulumi:"instanceMetadataTags,optional"`
}

// InstanceRootBlockDevice is the volume that the machine boots from. deviceName, tagsAll and volumeId are told, not
// asked for.
type InstanceRootBlockDevice struct {
	DeleteOnTermination *bool             `pulumi:"deleteOnTermination,optional"`
	DeviceName          *string           `pulumi:"deviceName,optional"`
	Encrypted           *bool             `pulumi:"encrypted,optional"`
	Iops                *int              `pulumi:"iops,optional"`
	KmsKeyId            *string           `pulumi:"kmsKeyId,optional"`
	Tags                map[string]string `pulumi:"tags,optional"`
	TagsAll             map[string]string `pulumi:"tagsAll,optional"`
	Throughput          *int              `pulumi:"throughput,optional"`
	VolumeId            *string           `pulumi:"volumeId,optional"`
	VolumeSize          *int              `pulumi:"volumeSize,optional"`
	VolumeType          *string           `pulumi:"volumeType,optional"`
}

// InstanceState is what is known of an instance.
type InstanceState struct {
	InstanceArgs
	Arn                       string            `pulumi:"arn"`
	InstanceState             string            `pulumi:"instanceState"`
	InstanceLifecycle         string            `pulumi:"instanceLifecycle"`
	Ipv6Addresses             []string          `pulumi:"ipv6Addresses"`
	PrimaryNetworkInterfaceId string            `pulumi:"primaryNetworkInterfaceId"`
	PrivateDns                string            `pulumi:"privateDns"`
	PrivateIp                 string            `pulumi:"privateIp"`
	PublicDns                 string            `pulumi:"publicDns"`
	PublicIp                  string            `pulumi:"publicIp"`
	Region                    string            `pulumi:"region"`
	SpotInstanceRequestId     string            `pulumi:"spotInstanceRequestId"`
	TagsAll                   map[string]string `pulumi:"tagsAll"`
}

// WireDependencies keeps what an update in place cannot change known in its preview. As with the official provider, the
// address stays known too, though the machine gets a new one when it is stopped and started.
func (Instance) WireDependencies(f infer.FieldSelector, args *InstanceArgs, state *InstanceState) {
	f.OutputField(&state.TagsAll).DependsOn(f.InputField(&args.Tags).Computed())
	f.OutputField(&state.Ipv6Addresses).DependsOn(f.InputField(&args.Ipv6AddressCount).Computed())
}
