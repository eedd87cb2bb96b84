// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/code_highlighter.h"

#include "ui/theme/tokens.h"

#include <QRegularExpression>
#include <QSet>

namespace bwla::ui {
namespace {

/// One list for all languages: a word that is a keyword in one is rarely a name in another.
const QSet<QString>& keywords() {
    static const QSet<QString> words = [] {
        const QString all =
            "and as assert async await auto bool boolean break case catch char class const "
            "constexpr "
            "continue def default del delete do done double echo elif else end enum esac except "
            "export "
            "extends extern False false fi final finally float fn for foreach from func function "
            "global "
            "go goto if impl implements import in include inline int interface is lambda let local "
            "long "
            "loop match mod mut namespace new nil None nonlocal not null or override package pass "
            "private protected pub public raise range ref return self short signed sizeof static "
            "struct "
            "super switch template then this throw throws trait True true try type typedef "
            "typename "
            "undefined union unsafe unsigned use using var virtual void volatile where while with "
            "yield "
            "SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE CREATE TABLE JOIN ON AND OR "
            "NOT "
            "ORDER BY GROUP LIMIT AS";
        const QStringList list = all.split(' ');
        return QSet<QString>(list.begin(), list.end());
    }();
    return words;
}

} // namespace

CodeHighlighter::CodeHighlighter(QTextDocument* document, const QString& language)
    : QSyntaxHighlighter(document), language_(language.toLower()) {
    name_.setFontWeight(QFont::DemiBold);
    comment_.setFontItalic(true);
}

void CodeHighlighter::setTokens(const Tokens& tokens) {
    keyword_.setForeground(tokens.accent);
    name_.setForeground(tokens.text1);
    string_.setForeground(tokens.text2);
    comment_.setForeground(tokens.text3);
    rehighlight();
}

bool CodeHighlighter::hashComments() const {
    static const QSet<QString> others{"c",  "cpp", "c++",  "cc",         "h",  "java", "js",
                                      "ts", "go",  "rust", "javascript", "cs", "css",  "rs"};
    return !others.contains(language_);
}

void CodeHighlighter::highlightBlock(const QString& text) {
    // In order: what a match takes is not looked at again.
    static const QRegularExpression hash(
        R"((?<string>"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)|(?<comment>#.*$|--\s.*$)|(?<word>[A-Za-z_]\w*)(?=(?<call>\s*\()?))");
    static const QRegularExpression slashes(
        R"((?<string>"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)|(?<comment>//.*$|/\*.*?(?:\*/|$))|(?<word>[A-Za-z_]\w*)(?=(?<call>\s*\()?))");
    auto matches = (hashComments() ? hash : slashes).globalMatch(text);
    while (matches.hasNext()) {
        const auto match = matches.next();
        const auto paint = [&](const char* part, const QTextCharFormat& format) {
            setFormat(static_cast<int>(match.capturedStart(part)),
                      static_cast<int>(match.capturedLength(part)), format);
        };
        if (match.capturedLength("string") > 0)
            paint("string", string_);
        else if (match.capturedLength("comment") > 0)
            paint("comment", comment_);
        else if (keywords().contains(match.captured("word")))
            paint("word", keyword_);
        else if (!match.captured("call").isEmpty())
            paint("word", name_);
    }
}

} // namespace bwla::ui
