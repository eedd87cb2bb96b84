// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/markdown_blocks.h"

#include <QRegularExpression>

namespace bwla::ui {
namespace {

struct Fence {
    QString mark; ///< ``` or ~~~, as long as it was opened; empty = none
    QString language;
};

Fence fenceAt(const QString& line) {
    static const QRegularExpression opening(R"(^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)[^`]*$)");
    const auto match = opening.match(line);
    return match.hasMatch() ? Fence{match.captured(1), match.captured(2)} : Fence{};
}

bool closes(const QString& line, const Fence& fence) {
    const QString bare = line.trimmed();
    return bare.size() >= fence.mark.size() && bare.count(fence.mark[0]) == bare.size();
}

/// A list item, or a line that goes on in one.
bool ofList(const QString& line) {
    static const QRegularExpression item(R"(^\s{0,3}([-*+]|\d{1,9}[.)])\s|^\s{2,}\S)");
    return item.match(line).hasMatch();
}

/// Cuts a text as its lines come.
class Cutter {
public:
    void line(const QString& line, qsizetype at) {
        if (!fence_.mark.isEmpty())
            inCode(line, at);
        else if (const Fence fence = fenceAt(line); !fence.mark.isEmpty())
            open(fence, at + line.size() + 1);
        else
            inText(line, at);
    }
    QList<MarkdownBlock> finish() {
        close();
        return blocks_;
    }

private:
    void open(const Fence& fence, qsizetype begin) {
        close();
        fence_ = fence;
        block_ = {.code = true, .language = fence.language, .begin = begin};
        isOpen_ = true;
    }
    void inCode(const QString& line, qsizetype at) {
        if (closes(line, fence_)) {
            fence_ = {};
            close();
        } else {
            append(line, at);
        }
    }
    void inText(const QString& line, qsizetype at) {
        if (line.trimmed().isEmpty()) {
            blank_ = isOpen_;
            return;
        }
        // A blank line ends a paragraph, and a list only where none of it follows.
        if (blank_ && !(ofList(block_.source) && ofList(line)))
            close();
        append(line, at);
    }
    void append(const QString& line, qsizetype at) {
        if (!isOpen_)
            block_ = {.begin = at};
        else // as it stands in the text, blank lines of a list too
            block_.source += QString(at - block_.begin - block_.source.size(), u'\n');
        isOpen_ = true;
        blank_ = false;
        block_.source += line;
    }
    void close() {
        if (isOpen_)
            blocks_ << block_;
        isOpen_ = blank_ = false;
    }

    QList<MarkdownBlock> blocks_;
    MarkdownBlock block_;
    Fence fence_;
    bool isOpen_ = false;
    bool blank_ = false;
};

/// How far a character of the drawn text is looked for before it counts as Qt's own (a list's
/// bullet, a rule).
constexpr qsizetype searchLength = 400;

bool same(QChar drawn, QChar source) {
    return drawn == source || (drawn.isSpace() && source.isSpace());
}

} // namespace

QList<MarkdownBlock> markdownBlocks(const QString& text) {
    Cutter cutter;
    for (qsizetype at = 0; at < text.size();) {
        const qsizetype end = text.indexOf(u'\n', at);
        const QString line = text.mid(at, end < 0 ? -1 : end - at);
        cutter.line(line, at);
        at += line.size() + 1;
    }
    return cutter.finish();
}

std::vector<qsizetype> drawnPositions(const QString& source, const QString& plain) {
    std::vector<qsizetype> positions(static_cast<std::size_t>(source.size()) + 1, plain.size());
    qsizetype at = 0; // source characters that have a place
    for (qsizetype drawn = 0; drawn < plain.size(); ++drawn) {
        const qsizetype limit = std::min(source.size(), at + searchLength);
        qsizetype found = at;
        while (found < limit && !same(plain[drawn], source[found]))
            ++found;
        if (found == limit)
            continue;
        for (; at <= found; ++at)
            positions[static_cast<std::size_t>(at)] = drawn;
    }
    return positions;
}

std::vector<qsizetype> utf16Positions(std::string_view utf8) {
    std::vector<qsizetype> positions;
    positions.reserve(utf8.size() + 1);
    qsizetype begin = 0, next = 0;
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80U) { // a character begins; beyond the BMP it takes two units
            begin = next;
            next += byte >= 0xF0 ? 2 : 1;
        }
        positions.push_back(begin);
    }
    positions.push_back(next);
    return positions;
}

} // namespace bwla::ui
