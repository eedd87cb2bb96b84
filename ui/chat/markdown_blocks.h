// SPDX-License-Identifier: GPL-3.0-or-later
//
// Markdown in pieces that can be drawn on their own: while an answer is being written only its last
// piece changes, so only that one is parsed again.
#pragma once

#include <QList>
#include <QString>

#include <string_view>
#include <vector>

namespace bwla::ui {

struct MarkdownBlock {
    bool code = false; ///< a fenced block; `source` is what stands between the fences
    QString language{};
    QString source{};
    qsizetype begin = 0; ///< of `source` in the whole text, UTF-16 units
    bool operator==(const MarkdownBlock&) const = default;
};

/// Blocks as in CommonMark: fenced code (also one not closed yet) and, between, paragraphs, lists
/// and the like, cut at blank lines outside of lists. Blank lines belong to no block.
[[nodiscard]] QList<MarkdownBlock> markdownBlocks(const QString& text);

/// Where each character of a Markdown source went in what Qt made of it: position in `plain` of the
/// first drawn character at or after source index i, for i = 0 .. source.size(). Markup has no
/// place of its own. Found by walking both texts, since Qt's reader keeps no such map.
[[nodiscard]] std::vector<qsizetype> drawnPositions(const QString& source, const QString& plain);

/// UTF-16 index of byte i of `utf8`, for i = 0 .. size (bytes inside a character: its begin).
[[nodiscard]] std::vector<qsizetype> utf16Positions(std::string_view utf8);

} // namespace bwla::ui
