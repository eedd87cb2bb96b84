// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/text_views.h"

#include "ui/chat/code_highlighter.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QScrollBar>
#include <QToolButton>
#include <QWheelEvent>

#include <cmath>

namespace bwla::ui {

QFont literalFont(const Theme& theme) {
    QFont font = theme.font(TextRole::fixed);
    font.setStyleStrategy(QFont::PreferNoShaping);
    return font;
}

FlatText::FlatText(QWidget* parent) : QTextEdit(parent) {
    setProperty("flat", true);
    setReadOnly(true);
    setFrameShape(QFrame::NoFrame);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setFocusPolicy(Qt::ClickFocus); // Tab stops once an answer, not once a paragraph
    document()->setDocumentMargin(0);
    setTabChangesFocus(true);
}

void FlatText::fitHeight() {
    const auto height = static_cast<int>(std::ceil(document()->size().height()));
    const int bar = horizontalScrollBarPolicy() == Qt::ScrollBarAsNeeded &&
                            document()->idealWidth() > viewport()->width()
                        ? horizontalScrollBar()->sizeHint().height()
                        : 0;
    setFixedHeight(std::max(1, height + bar));
}

void FlatText::resizeEvent(QResizeEvent* event) {
    QTextEdit::resizeEvent(event);
    fitHeight();
}

/// The pane scrolls, not the paragraph.
void FlatText::wheelEvent(QWheelEvent* event) {
    event->ignore();
}

CodeView::CodeView(Theme& theme, const QString& language, QWidget* parent)
    : QFrame(parent), theme_(theme), edit_(new FlatText), copy_(new QToolButton),
      highlighter_(new CodeHighlighter(edit_->document(), language)) {
    setProperty("code", true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 4, 4, 8);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->addWidget(label(language.isEmpty() ? tr("Code") : language, "caption"), 1);
    copy_->setFixedSize(24, 24);
    copy_->setToolTip(tr("Copy this code"));
    copy_->setAccessibleName(tr("Copy this code"));
    row->addWidget(copy_);
    column->addLayout(row);
    column->addWidget(edit_);
    edit_->setLineWrapMode(QTextEdit::NoWrap);
    edit_->setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    edit_->setAccessibleName(tr("Code"));
    connect(copy_, &QToolButton::clicked, this, &CodeView::copy);
    connect(&theme_, &Theme::changed, this, &CodeView::restyle);
    restyle();
}

void CodeView::setCode(const QString& code) {
    code_ = code;
    // Not the view's own setPlainText, which keeps the format under its cursor: a mark on the first
    // character would spread over all that streams in.
    edit_->document()->setPlainText(code);
    edit_->fitHeight();
}

void CodeView::copy() const {
    QGuiApplication::clipboard()->setText(code_);
}

void CodeView::restyle() {
    copy_->setIcon(theme_.icon("copy"));
    edit_->document()->setDefaultFont(literalFont(theme_));
    highlighter_->setTokens(theme_.tokens());
    edit_->fitHeight();
}

} // namespace bwla::ui
