// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/answer_job.h"
#include "ui/chat/markdown_blocks.h"
#include "ui/theme/tokens.h"

#include <QTextCursor>
#include <QWidget>

#include <optional>
#include <vector>

class QTextCharFormat;
class QTextEdit;
class QVBoxLayout;

namespace bwla::ui {

class Theme;

/// Which tokens of an answer stand out.
struct TokenMarks {
    std::vector<AnswerToken> path;
    std::optional<std::size_t> difference; ///< first token that differs from the other answer
    bool quantized = false; ///< filled label and dotted text after it; otherwise underlined
};

/// An answer as text: Markdown, code blocks with a copy button, marked tokens. setText() with a
/// longer text parses only what changed.
class AnswerText : public QWidget {
    Q_OBJECT

public:
    explicit AnswerText(Theme& theme, QWidget* parent = nullptr);

    void setText(const std::string& utf8, const TokenMarks& marks);
    [[nodiscard]] QString text() const { return text_; }
    /// A token under the pointer of a strip; nullopt = none.
    void highlight(std::optional<std::size_t> token);
    /// Marks every place of the words, returns how many; empty words = none.
    int find(const QString& words);
    /// One of the found places stands out; -1 = none.
    void markFound(int index);
    /// Of a found place, in this widget.
    [[nodiscard]] QRect foundRect(int index) const;
    /// Text of a token as it was generated.
    [[nodiscard]] QString tokenText(std::size_t token) const;
    [[nodiscard]] const QList<MarkdownBlock>& blocks() const { return blocks_; }
    /// Where the first difference is drawn, in this widget; null without one.
    [[nodiscard]] QRect differenceRect() const;

private:
    struct Range {
        qsizetype begin = 0, end = 0;
    };
    struct Found {
        qsizetype block;
        QTextCursor cursor;
    };
    void redraw();
    void showSelections();
    void draw(qsizetype block);
    void mark(qsizetype block);
    void markEnd();
    [[nodiscard]] QTextEdit* editOf(qsizetype block) const;
    /// UTF-16 range of a token in the whole text.
    [[nodiscard]] Range rangeOf(std::size_t token) const;
    void format(qsizetype block, Range drawn, const QTextCharFormat& format) const;
    /// Drawn range in the block of a range of the whole text; empty where it lies elsewhere.
    [[nodiscard]] Range drawnRange(qsizetype block, Range range) const;

    Theme& theme_;
    QVBoxLayout* column_;
    QString text_;
    std::vector<qsizetype> units_; ///< UTF-16 index of each byte
    TokenMarks marks_;
    QList<MarkdownBlock> blocks_;
    struct View {
        QWidget* widget = nullptr;
        bool code = false;
        QString language;
        std::vector<qsizetype> drawn; ///< drawnPositions
        qsizetype arrow = -1;         ///< position of the "▸", -1 = none
    };
    QList<View> views_;
    std::vector<Found> found_;
    int current_ = -1;                 ///< of found_
    std::optional<std::size_t> token_; ///< highlighted
};

} // namespace bwla::ui
