package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"
)

// The pause after the first failed dial, what each further one is multiplied by, and its limit. With the default of
// ten allowed errors that makes eleven dials in about eleven seconds.
const (
	firstPause  = 100 * time.Millisecond
	pauseGrowth = 1.5
	longest     = 5 * time.Second
)

// client is an SSH connection and what it stands on: the bastion's connection and the agents'.
type client struct {
	*ssh.Client
	beneath []func()
}

func (c *client) Close() {
	if c.Client != nil {
		c.Client.Close()
	}
	for i := len(c.beneath) - 1; i >= 0; i-- {
		c.beneath[i]()
	}
}

// opener opens the TCP connection, or what stands for it, to an address.
type opener func(ctx context.Context, network, address string) (net.Conn, error)

// Dial opens an SSH connection, through the proxy where there is one. The caller closes it.
func (c Connection) Dial(ctx context.Context) (*client, error) {
	result := &client{}
	open := opener((&net.Dialer{}).DialContext)
	if c.Proxy != nil {
		bastion, err := c.Proxy.dial(ctx, result, open, true)
		if err != nil {
			result.Close()
			return nil, fmt.Errorf("proxy %s: %w", c.Proxy, err)
		}
		result.beneath = append(result.beneath, func() { bastion.Close() })
		open = bastion.DialContext
	}
	host, err := c.dial(ctx, result, open, c.Proxy != nil)
	if err != nil {
		result.Close()
		return nil, fmt.Errorf("%s: %w", c, err)
	}
	result.Client = host
	return result, nil
}

// dial retries what fails, but for a handshake that a bastion takes part in: in 1.2.1 the first that fails is final.
func (e Endpoint) dial(ctx context.Context, owner *client, open opener, proxied bool) (*ssh.Client, error) {
	login, err := e.login()
	if err != nil {
		return nil, err
	}
	owner.beneath = append(owner.beneath, login.close)
	return e.retry(ctx, proxied, func() (*ssh.Client, error) { return e.dialOnce(ctx, login.config, open) })
}

// retry dials until it succeeds or has failed more often than is allowed. A refused login is tried again too: at first
// boot the server may be up before the user is there. So is a wrong host key, as in 1.2.1.
func (e Endpoint) retry(ctx context.Context, proxied bool, dial func() (*ssh.Client, error)) (*ssh.Client, error) {
	limit, pause := e.dialErrorLimit(), firstPause
	for failures := 1; ; failures++ {
		client, err := dial()
		switch {
		case err == nil:
			return client, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case proxied && isHandshake(err):
			return nil, fmt.Errorf("a failed handshake at or behind a proxy is final: %w", err)
		case limit > unlimitedDialErrors && failures > limit:
			return nil, fmt.Errorf("after %d failed attempts: %w", failures, err)
		}
		p.GetLogger(ctx).InfoStatusf("dial %d of %s failed: retrying", failures, dials(limit))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(time.Duration(float64(pause)*pauseGrowth), longest)
	}
}

func dials(limit int) string {
	if limit <= unlimitedDialErrors {
		return "any number"
	}
	return fmt.Sprint(limit + 1)
}

// handshakeError is what went wrong after the connection was there.
type handshakeError struct{ error }

func (e handshakeError) Unwrap() error { return e.error }

func isHandshake(err error) bool {
	var failed handshakeError
	return errors.As(err, &failed)
}

// dialOnce bounds connect and handshake together. ssh.ClientConfig.Timeout would bound the connect alone, and a
// connection through a bastion has no deadlines: so the time limit closes the connection under the handshake.
func (e Endpoint) dialOnce(ctx context.Context, config *ssh.ClientConfig, open opener) (*ssh.Client, error) {
	timed, cancel := ctx, context.CancelFunc(func() {})
	if limit := e.perDialTimeout(); limit > 0 {
		timed, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	conn, err := open(timed, "tcp", e.address())
	if err != nil {
		return nil, e.explain(timed, err)
	}
	stop := context.AfterFunc(timed, func() { conn.Close() })
	sshConn, channels, requests, err := ssh.NewClientConn(conn, e.address(), config)
	if !stop() && err == nil { // the limit struck just as the handshake ended: the connection is closed
		err = timed.Err()
	}
	if err != nil {
		conn.Close()
		return nil, handshakeError{e.explain(timed, err)}
	}
	return ssh.NewClient(sshConn, channels, requests), nil
}

// explain turns the "use of closed connection" of a time limit into what happened.
func (e Endpoint) explain(timed context.Context, err error) error {
	if errors.Is(timed.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no SSH handshake within %s (perDialTimeout)", e.perDialTimeout())
	}
	return err
}
