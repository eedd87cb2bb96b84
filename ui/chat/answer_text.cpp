// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/answer_text.h"

#include "ui/chat/text_views.h"
#include "ui/theme/theme.h"

#include <QTextBlock>
#include <QTextCursor>
#include <QVBoxLayout>

#include <algorithm>

namespace bwla::ui {
namespace {

const QString arrow = QStringLiteral("▸");

/// Qt's reader takes the system's fixed font for code spans; ours is the theme's.
void useFixedFont(QTextDocument& document, const QFont& fixed) {
    QTextCharFormat format;
    format.setFontFamilies({fixed.family()});
    for (QTextBlock block = document.begin(); block.isValid(); block = block.next())
        for (auto it = block.begin(); !it.atEnd(); ++it)
            if (it.fragment().charFormat().fontFixedPitch()) {
                QTextCursor cursor(&document);
                cursor.setPosition(it.fragment().position());
                cursor.setPosition(it.fragment().position() + it.fragment().length(),
                                   QTextCursor::KeepAnchor);
                cursor.mergeCharFormat(format);
            }
}

} // namespace

AnswerText::AnswerText(Theme& theme, QWidget* parent)
    : QWidget(parent), theme_(theme), column_(new QVBoxLayout(this)) {
    column_->setContentsMargins(0, 0, 0, 0);
    column_->setSpacing(8);
    connect(&theme_, &Theme::changed, this, &AnswerText::redraw);
}

void AnswerText::setText(const std::string& utf8, const TokenMarks& marks) {
    const bool moved = marks.difference != marks_.difference || marks.quantized != marks_.quantized;
    text_ = QString::fromStdString(utf8);
    units_ = utf16Positions(utf8);
    marks_ = marks;
    const QList<MarkdownBlock> before = std::exchange(blocks_, markdownBlocks(text_));
    if (before != blocks_ || moved)
        found_.clear(); // their places are gone; who looks for words looks again
    while (views_.size() > blocks_.size())
        delete views_.takeLast().widget;
    for (qsizetype i = 0; i < blocks_.size(); ++i)
        if (moved || i >= before.size() || before[i] != blocks_[i])
            draw(i);
    markEnd();
}

void AnswerText::redraw() {
    for (qsizetype i = 0; i < blocks_.size(); ++i)
        draw(i);
    markEnd();
}

QTextEdit* AnswerText::editOf(qsizetype block) const {
    const View& view = views_[block];
    return view.code ? static_cast<CodeView*>(view.widget)->edit()
                     : static_cast<FlatText*>(view.widget);
}

void AnswerText::draw(qsizetype block) {
    const MarkdownBlock& source = blocks_[block];
    if (block < views_.size() &&
        (views_[block].code != source.code || views_[block].language != source.language)) {
        delete views_[block].widget;
        views_[block].widget = nullptr;
    }
    if (block == views_.size())
        views_ << View{};
    View& view = views_[block];
    if (view.widget == nullptr) {
        view.code = source.code;
        view.language = source.language; // written after the fence: it may still grow
        view.widget = source.code ? static_cast<QWidget*>(new CodeView(theme_, source.language))
                                  : new FlatText;
        view.widget->setAccessibleName(tr("Answer, part %1").arg(block + 1));
        column_->insertWidget(static_cast<int>(block), view.widget);
    }
    QTextEdit* edit = editOf(block);
    if (source.code) {
        static_cast<CodeView*>(view.widget)->setCode(source.source);
    } else {
        edit->document()->setDefaultFont(theme_.font(TextRole::body));
        // Tags in an answer are text, never markup.
        edit->document()->setMarkdown(
            source.source, QTextDocument::MarkdownFeatures(QTextDocument::MarkdownDialectGitHub) |
                               QTextDocument::MarkdownNoHTML);
        useFixedFont(*edit->document(), theme_.font(TextRole::fixed));
    }
    view.drawn = drawnPositions(source.source, edit->toPlainText());
    view.arrow = -1;
    if (marks_.difference)
        mark(block);
    static_cast<FlatText*>(edit)->fitHeight();
}

AnswerText::Range AnswerText::rangeOf(std::size_t token) const {
    const auto unit = [&](std::int64_t byte) {
        const auto last = static_cast<std::int64_t>(units_.size()) - 1;
        return last < 0 ? 0
                        : units_[static_cast<std::size_t>(std::clamp<std::int64_t>(byte, 0, last))];
    };
    if (token >= marks_.path.size())
        return {text_.size(), text_.size()};
    return {unit(token == 0 ? 0 : marks_.path[token - 1].end), unit(marks_.path[token].end)};
}

AnswerText::Range AnswerText::drawnRange(qsizetype block, Range range) const {
    const MarkdownBlock& source = blocks_[block];
    const View& view = views_[block];
    const auto drawn = [&](qsizetype unit) {
        const qsizetype inside =
            std::clamp<qsizetype>(unit - source.begin, 0, source.source.size());
        const qsizetype at = view.drawn[static_cast<std::size_t>(inside)];
        return at + (view.arrow >= 0 && at >= view.arrow ? arrow.size() : 0);
    };
    return {drawn(range.begin), drawn(range.end)};
}

void AnswerText::format(qsizetype block, Range drawn, const QTextCharFormat& format) const {
    QTextCursor cursor(editOf(block)->document());
    cursor.setPosition(static_cast<int>(drawn.begin));
    cursor.setPosition(static_cast<int>(drawn.end), QTextCursor::KeepAnchor);
    cursor.mergeCharFormat(format);
}

void AnswerText::mark(qsizetype block) {
    Range token = rangeOf(*marks_.difference);
    while (token.begin < token.end && text_[token.begin].isSpace())
        ++token.begin;
    const MarkdownBlock& source = blocks_[block];
    const bool here =
        token.begin >= source.begin && token.begin < source.begin + source.source.size();
    const Range drawn = drawnRange(block, token);
    if (!marks_.quantized) {
        QTextCharFormat underlined;
        underlined.setFontWeight(QFont::DemiBold);
        underlined.setUnderlineStyle(QTextCharFormat::SingleUnderline);
        if (here)
            format(block, drawn, underlined);
        return;
    }
    const QColor error = seriesStyle(Series::error, theme_.tokens()).colour;
    QTextCharFormat follows;
    follows.setUnderlineStyle(QTextCharFormat::DotLine);
    follows.setUnderlineColor(error);
    const int length = editOf(block)->document()->characterCount() - 1;
    if (token.end < source.begin + source.source.size())
        format(block, {here ? drawn.end : drawnRange(block, {token.end, token.end}).begin, length},
               follows);
    if (!here)
        return;
    QTextCharFormat filled;
    filled.setBackground(error);
    filled.setForeground(theme_.tokens().dark ? QColor(0x10, 0x13, 0x18) : QColor(Qt::white));
    filled.setFontWeight(QFont::DemiBold);
    format(block, drawn, filled);
    QTextCursor cursor(editOf(block)->document());
    cursor.setPosition(static_cast<int>(drawn.begin));
    cursor.insertText(arrow, filled);
    views_[block].arrow = drawn.begin;
}

/// A difference that has no drawn character of its own: this answer ends where the other one goes
/// on, or the token is a blank at the very end.
void AnswerText::markEnd() {
    const bool drawn =
        std::any_of(views_.begin(), views_.end(), [](const View& view) { return view.arrow >= 0; });
    if (!marks_.difference || !marks_.quantized || drawn || views_.isEmpty())
        return;
    const qsizetype last = views_.size() - 1;
    QTextCharFormat filled;
    filled.setBackground(seriesStyle(Series::error, theme_.tokens()).colour);
    filled.setForeground(theme_.tokens().dark ? QColor(0x10, 0x13, 0x18) : QColor(Qt::white));
    filled.setFontWeight(QFont::DemiBold);
    QTextCursor cursor(editOf(last)->document());
    cursor.movePosition(QTextCursor::End);
    cursor.insertText(" ", {});
    views_[last].arrow = cursor.position();
    const bool ends = *marks_.difference >= marks_.path.size();
    cursor.insertText(ends ? arrow + tr("ends here") : arrow, filled);
    static_cast<FlatText*>(editOf(last))->fitHeight();
}

void AnswerText::highlight(std::optional<std::size_t> token) {
    token_ = token;
    showSelections();
}

int AnswerText::find(const QString& words) {
    found_.clear();
    current_ = -1;
    for (qsizetype block = 0; !words.isEmpty() && block < views_.size(); ++block) {
        const QTextDocument& document = *editOf(block)->document();
        for (QTextCursor at = document.find(words); !at.isNull(); at = document.find(words, at))
            found_.push_back({block, at});
    }
    showSelections();
    return static_cast<int>(found_.size());
}

void AnswerText::markFound(int index) {
    if (index == current_)
        return;
    current_ = index;
    showSelections();
}

QRect AnswerText::foundRect(int index) const {
    if (index < 0 || index >= static_cast<int>(found_.size()))
        return {};
    const Found& found = found_[static_cast<std::size_t>(index)];
    const QTextEdit* edit = editOf(found.block);
    const QRect rect = edit->cursorRect(found.cursor);
    return {edit->viewport()->mapTo(this, rect.topLeft()), rect.size()};
}

void AnswerText::showSelections() {
    const Tokens& t = theme_.tokens();
    for (qsizetype block = 0; block < views_.size(); ++block) {
        QList<QTextEdit::ExtraSelection> selections;
        const auto add = [&](const QTextCursor& cursor, const QColor& back, const QColor& text) {
            QTextEdit::ExtraSelection selection;
            selection.cursor = cursor;
            selection.format.setBackground(back);
            selection.format.setForeground(text);
            selections << selection;
        };
        for (std::size_t i = 0; i < found_.size(); ++i)
            if (found_[i].block == block)
                static_cast<int>(i) == current_ ? add(found_[i].cursor, t.accentFill, t.onAccent)
                                                : add(found_[i].cursor, t.warn.back, t.warn.text);
        const Range drawn = token_ ? drawnRange(block, rangeOf(*token_)) : Range{};
        if (drawn.begin < drawn.end) {
            QTextCursor cursor(editOf(block)->document());
            cursor.setPosition(static_cast<int>(drawn.begin));
            cursor.setPosition(static_cast<int>(drawn.end), QTextCursor::KeepAnchor);
            add(cursor, t.sel, t.text1);
        }
        editOf(block)->setExtraSelections(selections);
    }
}

QString AnswerText::tokenText(std::size_t token) const {
    const Range range = rangeOf(token);
    return text_.mid(range.begin, range.end - range.begin);
}

QRect AnswerText::differenceRect() const {
    for (qsizetype block = 0; block < views_.size(); ++block)
        if (views_[block].arrow >= 0) {
            QTextEdit* edit = editOf(block);
            QTextCursor cursor(edit->document());
            cursor.setPosition(static_cast<int>(views_[block].arrow));
            const QRect rect = edit->cursorRect(cursor);
            return {edit->viewport()->mapTo(this, rect.topLeft()), rect.size()};
        }
    return {};
}

} // namespace bwla::ui
