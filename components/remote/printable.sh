#!/usr/bin/env bash
# Runs a command and makes printable what it says: valid UTF-8, without control characters besides tab and newline, and
# no line longer than 8,000 characters. Runs on the host:
#
#   bash --norc -c 'eval "$2"' berth COMMAND THIS-SCRIPT
#
# stdin is the command's, and so is the exit code. Lines pass as they come, and a long one up to where it is cut. When
# nobody reads any more, the command's next words end it, as they would without this.
# shellcheck disable=SC2016 # the program's variables are Perl's
program='
my ($limit, $rest, $shown, $cut, $returned, $out) = (8000, "", 0, 0, 0, "");
my $text = qr/[\t -~]++|\xC2[\xA0-\xBF]|[\xC3-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}|\xED[\x80-\x9F][\x80-\xBF]|\xF0[\x90-\xBF][\x80-\xBF]{2}|[\xF1-\xF3][\x80-\xBF]{3}|\xF4[\x80-\x8F][\x80-\xBF]{2}/;
my $part = qr/[\xC2-\xDF]|[\xE0-\xEF][\x80-\xBF]?|[\xF0-\xF4][\x80-\xBF]{0,2}/;
my $escape = qr/\e(?:\[[0-?]*[ -\/]*[@-~]|[]PX^_][^\a\e\r\n]*(?:\a|\e\x5C)|[ -\/]*[0-OQ-WYZ\x5C`-~])/;
sub show {
    my ($words) = @_;
    my $count = ($words =~ tr/\x80-\xBF//c);
    my $room = $limit - $shown;
    if ($count > $room) {
        ($words) = $words =~ /\A((?:[^\x80-\xBF][\x80-\xBF]*){$room})/;
        $cut += $count - $room;
        $count = $room;
    }
    $shown += $count;
    $out .= $words;
}
sub mark { $out .= " ... [$cut characters cut]" if $cut }
sub line { mark(); $out .= "\n"; $shown = $cut = 0 }
binmode STDIN;
binmode STDOUT;
for (my $more = 1; $more;) {
    $more = sysread STDIN, $rest, 65536, length $rest;
    pos($rest) = 0;
    while (pos($rest) < length $rest) {
        my $after = $returned;
        $returned = 0;
        if ($rest =~ /\G((?:$text)++)/gc) { show($1) }
        elsif ($rest =~ /\G\n/gc) { line() unless $after }
        elsif ($rest =~ /\G\r/gc) { if ($shown) { line(); $returned = 1 } }
        elsif ($rest =~ /\G$escape/gc) {}
        elsif ($more and $rest =~ /\G(?:$part|\e[^\r\n]{0,999})\z/) { $returned = $after; last }
        elsif ($rest =~ /\G(?:[\0-\x1F\x7F]|\xC2[\x80-\x9F])/gc) {}
        else { $rest =~ /\G./gcs; show("\xEF\xBF\xBD") }
    }
    substr($rest, 0, pos $rest) = "";
    mark() unless $more;
    while (length $out) {
        my $written = syswrite STDOUT, $out;
        exit 1 unless defined $written;
        substr($out, 0, $written) = "";
    }
}
'
clean() {
    if command -v perl >/dev/null; then LC_ALL=C exec perl -e "$program"; fi
    # Neither Ubuntu nor Debian: whoever looks at the system says so.
    LC_ALL=C tr -c '\t\n -~' '?' | LC_ALL=C fold -b -w 8000
}
{
    bash --norc -c "$1" 2>&1 >&3 3>&- | clean >&2 3>&-
    exit "${PIPESTATUS[0]}"
} 3>&1 | clean
exit "${PIPESTATUS[0]}"
