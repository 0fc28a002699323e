package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// endpoint answers EC2's query API, and remembers what it was asked.
type endpoint struct {
	t       *testing.T
	mutex   sync.Mutex
	asked   []url.Values
	answers map[string]func(request url.Values) string
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if err := r.ParseForm(); err != nil {
		e.t.Error(err)
	}
	e.asked = append(e.asked, r.Form)
	action := r.Form.Get("Action")
	answer, known := e.answers[action]
	code := "InvalidAction"
	if known {
		text := answer(r.Form)
		if n, _ := fmt.Sscanf(text, "refuse %s", &code); n == 0 {
			fmt.Fprintf(w, "<%sResponse>%s</%[1]sResponse>", action, text)
			return
		}
	}
	w.WriteHeader(http.StatusBadRequest)
	const refusal = "<Response><Errors><Error><Code>%s</Code><Message>no %s</Message></Error></Errors></Response>"
	fmt.Fprintf(w, refusal, code, action)
}

// actions are what it was asked, in order.
func (e *endpoint) actions() []string {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	var names []string
	for _, request := range e.asked {
		names = append(names, request.Get("Action"))
	}
	return names
}

// changes are what it was asked but for questions.
func (e *endpoint) changes() []string {
	return slices.DeleteFunc(e.actions(), func(name string) bool { return len(name) > 8 && name[:8] == "Describe" })
}

func always(text string) func(url.Values) string { return func(url.Values) string { return text } }

// start runs the provider against an endpoint with these answers.
func start(t *testing.T, answers map[string]func(url.Values) string) (integration.Server, *endpoint) {
	t.Helper()
	plugin, err := provider()
	if err != nil {
		t.Fatal(err)
	}
	server, err := integration.NewServer(t.Context(), name, semver.MustParse(version), integration.WithProvider(plugin))
	if err != nil {
		t.Fatal(err)
	}
	fake := &endpoint{t: t, answers: answers}
	listening := httptest.NewServer(fake)
	t.Cleanup(listening.Close)
	err = server.Configure(p.ConfigureRequest{Args: properties(map[string]any{
		"region": "eu-west-1", "accessKey": "test", "secretKey": "test",
		"endpoints": []any{map[string]any{"ec2": listening.URL, "iam": listening.URL}},
	})})
	if err != nil {
		t.Fatal(err)
	}
	return server, fake
}

func properties(values map[string]any) property.Map {
	return resource.FromResourcePropertyValue(resource.NewPropertyValue(values)).AsMap()
}

func urn(token, name string) resource.URN {
	return resource.URN("urn:pulumi:dev::try::" + token + "::" + name)
}

const instanceToken = "aws:ec2/instance:Instance"

// describeInstance answers with an instance of this state.
func describeInstance(state string) func(url.Values) string {
	return always(`<reservationSet><item><ownerId>1</ownerId><instancesSet><item><instanceId>i-1</instanceId>
		<imageId>ami-1</imageId><instanceType>t3.small</instanceType><instanceState><name>` + state + `</name></instanceState>
		<privateIpAddress>10.0.0.1</privateIpAddress><ipAddress>1.2.3.4</ipAddress><sourceDestCheck>true</sourceDestCheck>
		<placement><availabilityZone>eu-west-1a</availabilityZone></placement><monitoring><state>disabled</state></monitoring>
		<groupSet><item><groupId>sg-1</groupId></item><item><groupId>sg-2</groupId></item></groupSet>
		<tagSet><item><key>Name</key><value>shop</value></item><item><key>aws:x</key><value>theirs</value></item></tagSet>
		<metadataOptions><httpTokens>required</httpTokens><httpEndpoint>enabled</httpEndpoint>
		<httpPutResponseHopLimit>2</httpPutResponseHopLimit></metadataOptions>
		<rootDeviceName>/dev/sda1</rootDeviceName><blockDeviceMapping><item><deviceName>/dev/sda1</deviceName>
		<ebs><volumeId>vol-1</volumeId><deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>
		</item></instancesSet></item></reservationSet>`)
}

// running are the answers about an instance that runs.
func running() map[string]func(url.Values) string {
	return map[string]func(url.Values) string{
		"DescribeInstances": describeInstance("running"),
		"DescribeInstanceAttribute": func(request url.Values) string {
			if request.Get("Attribute") == "userData" {
				return "<userData><value>I2Nsb3VkLWNvbmZpZwo=</value></userData>"
			}
			return "<disableApiTermination><value>false</value></disableApiTermination>"
		},
		"DescribeVolumes": always(`<volumeSet><item><volumeId>vol-1</volumeId><size>8</size><volumeType>gp3</volumeType>
			<iops>3000</iops><throughput>125</throughput><encrypted>false</encrypted></item></volumeSet>`),
		"DescribeImages": always(`<imagesSet><item><imageId>ami-1</imageId>
			<rootDeviceName>/dev/sda1</rootDeviceName></item></imagesSet>`),
		"RunInstances": always("<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>"),
	}
}

func program() map[string]any {
	return map[string]any{
		"ami": "ami-1", "instanceType": "t3.small", "userData": "#cloud-config\n", "userDataReplaceOnChange": false,
		"vpcSecurityGroupIds": []any{"sg-2", "sg-1"}, "metadataOptions": map[string]any{"httpTokens": "required"},
		"rootBlockDevice": map[string]any{"volumeType": "gp3"}, "tags": map[string]any{"Name": "shop"},
	}
}

// with is the program with some inputs changed; nil takes one away.
func with(changes map[string]any) property.Map {
	inputs := program()
	for key, value := range changes {
		if value == nil {
			delete(inputs, key)
		} else {
			inputs[key] = value
		}
	}
	return properties(inputs)
}
