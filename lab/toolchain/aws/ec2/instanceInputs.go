package ec2

// only are the actual values of those inputs that the program sets.
func (a InstanceArgs) only(actual InstanceArgs) InstanceArgs {
	only := a
	only.Ami, only.InstanceType = where(a.Ami, actual.Ami), where(a.InstanceType, actual.InstanceType)
	only.AvailabilityZone = where(a.AvailabilityZone, actual.AvailabilityZone)
	only.DisableApiTermination = where(a.DisableApiTermination, actual.DisableApiTermination)
	only.EbsOptimized = where(a.EbsOptimized, actual.EbsOptimized)
	only.IamInstanceProfile = where(a.IamInstanceProfile, actual.IamInstanceProfile)
	only.Ipv6AddressCount = where(a.Ipv6AddressCount, actual.Ipv6AddressCount)
	only.KeyName, only.SubnetId = where(a.KeyName, actual.KeyName), where(a.SubnetId, actual.SubnetId)
	only.Monitoring = where(a.Monitoring, actual.Monitoring)
	only.SourceDestCheck = where(a.SourceDestCheck, actual.SourceDestCheck)
	only.UserData = where(a.UserData, actual.UserData)
	only.Tags = actual.Tags
	if a.VpcSecurityGroupIds != nil {
		only.VpcSecurityGroupIds = actual.VpcSecurityGroupIds
	}
	if a.MetadataOptions != nil && actual.MetadataOptions != nil {
		only.MetadataOptions = a.MetadataOptions.only(*actual.MetadataOptions)
	}
	if a.RootBlockDevice != nil && actual.RootBlockDevice != nil {
		only.RootBlockDevice = a.RootBlockDevice.only(*actual.RootBlockDevice)
	}
	return only
}

func (m InstanceMetadataOptions) only(actual InstanceMetadataOptions) *InstanceMetadataOptions {
	return &InstanceMetadataOptions{
		HttpEndpoint:            where(m.HttpEndpoint, actual.HttpEndpoint),
		HttpProtocolIpv6:        where(m.HttpProtocolIpv6, actual.HttpProtocolIpv6),
		HttpPutResponseHopLimit: where(m.HttpPutResponseHopLimit, actual.HttpPutResponseHopLimit),
		HttpTokens:              where(m.HttpTokens, actual.HttpTokens),
		InstanceMetadataTags:    where(m.InstanceMetadataTags, actual.InstanceMetadataTags),
	}
}

func (r InstanceRootBlockDevice) only(actual InstanceRootBlockDevice) *InstanceRootBlockDevice {
	return &InstanceRootBlockDevice{
		DeleteOnTermination: where(r.DeleteOnTermination, actual.DeleteOnTermination),
		Encrypted:           where(r.Encrypted, actual.Encrypted),
		Iops:                where(r.Iops, actual.Iops),
		KmsKeyId:            r.KmsKeyId,
		Tags:                actual.Tags,
		Throughput:          where(r.Throughput, actual.Throughput),
		VolumeSize:          where(r.VolumeSize, actual.VolumeSize),
		VolumeType:          where(r.VolumeType, actual.VolumeType),
	}
}

// completed are the program's inputs and, where it leaves something to AWS, what is known of that.
func (a InstanceArgs) completed(known InstanceArgs) InstanceArgs {
	a.Ami, a.InstanceType = or(a.Ami, known.Ami), or(a.InstanceType, known.InstanceType)
	a.AssociatePublicIpAddress = or(a.AssociatePublicIpAddress, known.AssociatePublicIpAddress)
	a.AvailabilityZone = or(a.AvailabilityZone, known.AvailabilityZone)
	a.DisableApiTermination = or(a.DisableApiTermination, known.DisableApiTermination)
	a.EbsOptimized, a.Monitoring = or(a.EbsOptimized, known.EbsOptimized), or(a.Monitoring, known.Monitoring)
	a.IamInstanceProfile = or(a.IamInstanceProfile, known.IamInstanceProfile)
	a.InstanceMarketOptions = or(a.InstanceMarketOptions, known.InstanceMarketOptions)
	a.Ipv6AddressCount = or(a.Ipv6AddressCount, known.Ipv6AddressCount)
	a.KeyName, a.SubnetId = or(a.KeyName, known.KeyName), or(a.SubnetId, known.SubnetId)
	a.UserData = or(a.UserData, known.UserData)
	if a.VpcSecurityGroupIds == nil {
		a.VpcSecurityGroupIds = known.VpcSecurityGroupIds
	}
	if was := known.MetadataOptions; was != nil {
		m := InstanceMetadataOptions{}
		if a.MetadataOptions != nil {
			m = *a.MetadataOptions
		}
		m.HttpEndpoint, m.HttpTokens = or(m.HttpEndpoint, was.HttpEndpoint), or(m.HttpTokens, was.HttpTokens)
		m.HttpProtocolIpv6 = or(m.HttpProtocolIpv6, was.HttpProtocolIpv6)
		m.HttpPutResponseHopLimit = or(m.HttpPutResponseHopLimit, was.HttpPutResponseHopLimit)
		m.InstanceMetadataTags = or(m.InstanceMetadataTags, was.InstanceMetadataTags)
		a.MetadataOptions = &m
	}
	if was := known.RootBlockDevice; was != nil {
		r := InstanceRootBlockDevice{}
		if a.RootBlockDevice != nil {
			r = *a.RootBlockDevice
		}
		r.DeviceName, r.VolumeId, r.TagsAll = was.DeviceName, was.VolumeId, was.TagsAll
		r.Encrypted, r.Iops, r.KmsKeyId = or(r.Encrypted, was.Encrypted), or(r.Iops, was.Iops), or(r.KmsKeyId, was.KmsKeyId)
		r.Throughput, r.VolumeSize = or(r.Throughput, was.Throughput), or(r.VolumeSize, was.VolumeSize)
		r.VolumeType = or(r.VolumeType, was.VolumeType)
		a.RootBlockDevice = &r
	}
	return a
}
