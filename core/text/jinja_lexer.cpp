// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_lexer.h"

#include "core/text/utf8.h"

#include <algorithm>
#include <array>

namespace bwla::jinja {
namespace {

constexpr std::string_view spaces = " \t\n\r\v\f";

bool isSpace(char c) {
    return spaces.find(c) != std::string_view::npos;
}
bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool startsName(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

std::string normalized(const std::string& source) {
    std::string out;
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] != '\r')
            out += source[i];
        else if (i + 1 == source.size() || source[i + 1] != '\n')
            out += '\n';
    }
    if (out.ends_with('\n'))
        out.pop_back();
    return out;
}

class Lexer {
public:
    explicit Lexer(const std::string& source) : source_(normalized(source)) {}

    std::vector<Token> run() {
        while (at_ < source_.size())
            readOutside();
        push(Token::Kind::end, "");
        return std::move(tokens_);
    }

private:
    using Kind = Token::Kind;

    [[noreturn]] void fail(const std::string& reason) const { throw SyntaxError{line_, reason}; }
    [[nodiscard]] std::string_view rest() const { return std::string_view(source_).substr(at_); }
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
    }
    void push(Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

    void advance(std::size_t bytes) {
        const auto begin = source_.begin() + static_cast<std::ptrdiff_t>(at_);
        line_ +=
            static_cast<int>(std::count(begin, begin + static_cast<std::ptrdiff_t>(bytes), '\n'));
        at_ += bytes;
    }
    void skipSpaces() {
        while (at_ < source_.size() && isSpace(source_[at_]))
            advance(1);
    }

    void readOutside();
    void pushText(std::string_view text, char sign, bool mayStripLine);
    bool readRaw();
    void readComment();
    void readTag(bool isBlock);
    bool closeTag(bool isBlock, std::string_view end);
    void closeSpaces(char sign, bool isBlock);
    void readToken(std::string& brackets);
    void readString();
    void appendEscape(std::string& out);
    void appendCode(std::string& out, std::size_t digits);
    void readNumber();
    void readSymbol(std::string& brackets);

    std::string source_;
    std::size_t at_ = 0;
    int line_ = 1;
    bool lineStarts_ = true; ///< the text that follows begins a line
    std::vector<Token> tokens_;
};

/// Text up to the next tag, then that tag.
void Lexer::readOutside() {
    std::size_t length = 0;
    std::string_view ahead = rest();
    for (;; ++length) {
        length = ahead.find('{', length);
        if (length == std::string_view::npos || length + 1 == ahead.size()) {
            push(Kind::text, std::string(ahead));
            advance(ahead.size());
            return;
        }
        if (std::string_view("{%#").find(ahead[length + 1]) != std::string_view::npos)
            break;
    }
    const char kind = ahead[length + 1];
    const char sign = length + 2 < ahead.size() ? ahead[length + 2] : '\0';
    pushText(ahead.substr(0, length), sign, kind != '{');
    if (kind == '#')
        readComment();
    else if (kind == '{' || !readRaw())
        readTag(kind == '%');
}

/// `sign` is the mark after the tag that follows: - strips all white space before it, + none;
/// else a block or comment strips the indentation if nothing but that precedes it on its line.
void Lexer::pushText(std::string_view text, char sign, bool mayStripLine) {
    std::size_t kept = text.size();
    if (sign == '-') {
        const std::size_t last = text.find_last_not_of(spaces);
        kept = last == std::string_view::npos ? 0 : last + 1;
    } else if (sign != '+' && mayStripLine) {
        const std::size_t newline = text.rfind('\n');
        const std::size_t lineStart = newline == std::string_view::npos ? 0 : newline + 1;
        const bool onlySpaces = text.find_first_not_of(spaces, lineStart) == std::string_view::npos;
        if (onlySpaces && (lineStart > 0 || lineStarts_))
            kept = lineStart;
    }
    if (kept > 0)
        push(Kind::text, std::string(text.substr(0, kept)));
    advance(text.size());
}

/// White space after a tag: "-" before its end takes all, "+" none; else a block or comment takes
/// one newline.
void Lexer::closeSpaces(char sign, bool isBlock) {
    const std::size_t before = at_;
    if (sign == '-')
        skipSpaces();
    else if (sign != '+' && isBlock && peek() == '\n')
        advance(1);
    lineStarts_ = at_ > before && source_[at_ - 1] == '\n';
}

void Lexer::readComment() {
    const std::size_t end = rest().find("#}", 2);
    if (end == std::string_view::npos)
        fail("comment without end");
    const char sign = end > 2 ? rest()[end - 1] : '\0';
    advance(end + 2);
    closeSpaces(sign, true);
}

/// {% raw %}: everything up to {% endraw %} is text. False, and nothing read, for other tags.
bool Lexer::readRaw() {
    // Length of "{%- name -%}" at `from`, 0 if something else is there; `first` and `last` = marks.
    const auto tagAt = [&](std::size_t from, std::string_view name, char& first, char& last) {
        std::size_t i = from + 2;
        const auto mark = [&] {
            const char c = i < source_.size() ? source_[i] : '\0';
            i += c == '-' || c == '+';
            return c;
        };
        const auto blanks = [&] {
            i = std::min(source_.find_first_not_of(spaces, i), source_.size());
        };
        first = mark();
        blanks();
        if (source_.compare(i, name.size(), name) != 0)
            return std::size_t{0};
        i += name.size();
        blanks();
        last = mark();
        return source_.compare(i, 2, "%}") == 0 ? i + 2 - from : std::size_t{0};
    };
    char first = '\0';
    char last = '\0';
    const std::size_t open = tagAt(at_, "raw", first, last);
    if (open == 0)
        return false;
    advance(open);
    closeSpaces(last == '-' ? '-' : '+', true); // a raw tag takes no newline
    for (std::size_t end = at_; (end = source_.find("{%", end)) != std::string::npos; ++end) {
        if (const std::size_t close = tagAt(end, "endraw", first, last)) {
            pushText(rest().substr(0, end - at_), first, true);
            advance(close);
            closeSpaces(last, true);
            return true;
        }
    }
    fail("raw block without end");
}

void Lexer::readTag(bool isBlock) {
    push(isBlock ? Kind::tagOpen : Kind::open, "");
    advance(2);
    if (peek() == '-' || peek() == '+')
        advance(1);
    const std::string_view end = isBlock ? "%}" : "}}";
    std::string brackets; // what closes the open ones, innermost last
    for (;;) {
        skipSpaces();
        if (at_ == source_.size())
            fail(isBlock ? "tag without %}" : "expression without }}");
        if (brackets.empty() && closeTag(isBlock, end))
            return;
        readToken(brackets);
    }
}

bool Lexer::closeTag(bool isBlock, std::string_view end) {
    const bool marked = peek() == '-' || (peek() == '+' && isBlock);
    if (!rest().substr(marked ? 1 : 0).starts_with(end))
        return false;
    const char sign = marked ? peek() : '\0';
    push(isBlock ? Kind::tagClose : Kind::close, "");
    advance(end.size() + (marked ? 1 : 0));
    closeSpaces(sign, isBlock);
    return true;
}

void Lexer::readToken(std::string& brackets) {
    const char c = peek();
    if (startsName(c)) {
        std::size_t length = 1;
        while (startsName(peek(length)) || isDigit(peek(length)))
            ++length;
        push(Kind::name, std::string(rest().substr(0, length)));
        advance(length);
    } else if (isDigit(c)) {
        readNumber();
    } else if (c == '\'' || c == '"') {
        readString();
    } else {
        readSymbol(brackets);
    }
}

void Lexer::readNumber() {
    std::string digits;
    const auto readDigits = [&] {
        for (; isDigit(peek()) || (peek() == '_' && isDigit(peek(1))); advance(1)) {
            if (peek() != '_')
                digits += peek();
        }
    };
    readDigits();
    const bool fraction = peek() == '.' && isDigit(peek(1));
    if (fraction) {
        digits += '.';
        advance(1);
        readDigits();
    }
    const std::size_t signs = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    const bool exponent = (peek() == 'e' || peek() == 'E') && isDigit(peek(1 + signs));
    if (exponent) {
        digits += rest().substr(0, 1 + signs);
        advance(1 + signs);
        readDigits();
    }
    push(fraction || exponent ? Kind::number : Kind::integer, digits);
}

void Lexer::readString() {
    const int firstLine = line_;
    const char quote = peek();
    advance(1);
    std::string out;
    while (peek() != quote) {
        if (at_ >= source_.size())
            throw SyntaxError{firstLine, "string without end"};
        if (peek() == '\\') {
            appendEscape(out);
        } else {
            out += peek();
            advance(1);
        }
    }
    advance(1);
    tokens_.push_back({Kind::string, std::move(out), firstLine});
}

/// Python's escapes; a backslash before anything else stays.
void Lexer::appendEscape(std::string& out) {
    static constexpr std::string_view names = "abfnrtv\\'\"";
    static constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\'\"";
    const char c = peek(1);
    if (c == '\n') {
        advance(2);
    } else if (const std::size_t i = names.find(c); i != std::string_view::npos) {
        out += meanings[i];
        advance(2);
    } else if (c == 'x' || c == 'u' || c == 'U') {
        appendCode(out, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    } else {
        out += '\\';
        advance(1);
    }
}

/// \xNN, \uNNNN, \UNNNNNNNN: a character by its code.
void Lexer::appendCode(std::string& out, std::size_t digits) {
    const std::string hex(rest().substr(2, digits));
    const bool allHex = hex.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    const auto code = hex.size() == digits && allHex ? std::stoul(hex, nullptr, 16) : 0x110000;
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        fail("bad character code in string");
    appendUtf8(out, static_cast<char32_t>(code));
    advance(2 + digits);
}

void Lexer::readSymbol(std::string& brackets) {
    static constexpr std::array<std::string_view, 6> twoCharacters{
        "==", "!=", "<=", ">=", "//", "**"};
    static constexpr std::string_view open = "([{";
    static constexpr std::string_view close = ")]}";
    const std::string_view two = rest().substr(0, 2);
    if (std::find(twoCharacters.begin(), twoCharacters.end(), two) != twoCharacters.end()) {
        push(Kind::symbol, std::string(two));
        advance(2);
        return;
    }
    const char c = peek();
    if (std::string_view("+-*/%~<>=.,:|()[]{};").find(c) == std::string_view::npos)
        fail(std::string("unexpected character '") + c + "'");
    if (const std::size_t i = open.find(c); i != std::string_view::npos) {
        brackets += close[i];
    } else if (close.find(c) != std::string_view::npos) {
        if (brackets.empty() || brackets.back() != c)
            fail(std::string("unexpected '") + c + "'");
        brackets.pop_back();
    }
    push(Kind::symbol, std::string(1, c));
    advance(1);
}

} // namespace

std::vector<Token> tokenize(const std::string& source) {
    return Lexer(source).run();
}

} // namespace bwla::jinja
