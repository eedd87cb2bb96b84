// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/composer.h"

#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"
#include "ui/widgets/number_text.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QProgressBar>
#include <QPushButton>
#include <QStyle>

namespace bwla::ui {
namespace {

constexpr double nearlyFull = 0.9;
constexpr int fewWordsBelow = 56; ///< widths of the letter M

QString count(std::int64_t tokens) {
    return numberText(static_cast<double>(tokens), 0);
}

} // namespace

void MessageField::keyPressEvent(QKeyEvent* event) {
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enter && (event->modifiers() & Qt::ShiftModifier) == 0)
        Q_EMIT sendPressed();
    else if (event->key() == Qt::Key_Up && document()->isEmpty())
        Q_EMIT upPressed();
    else
        QPlainTextEdit::keyPressEvent(event);
}

Composer::Composer(Theme& theme, QWidget* parent)
    : QFrame(parent), theme_(theme), field_(new MessageField), send_(new QPushButton),
      system_(new QPushButton), sampling_(new QPushButton), meter_(new QProgressBar),
      contextName_(label(tr("Context"), "caption")), context_(label({}, "caption")),
      banner_(new Banner(theme)) {
    setProperty("card", true);
    layOut();
    connect(field_, &QPlainTextEdit::textChanged, this, [this] {
        updateSend();
        Q_EMIT textChanged(text());
    });
    connect(field_, &MessageField::sendPressed, this, [this] {
        if (!running_)
            press();
    });
    connect(field_, &MessageField::upPressed, this, &Composer::editLastRequested);
    connect(send_, &QPushButton::clicked, this, &Composer::press);
    connect(system_, &QPushButton::clicked, this, &Composer::systemRequested);
    connect(sampling_, &QPushButton::clicked, this, &Composer::samplingRequested);
    const auto restyle = [this] {
        system_->setIcon(theme_.icon("edit"));
        sampling_->setIcon(theme_.icon("settings"));
        updateSend();
    };
    connect(&theme_, &Theme::changed, this, restyle);
    restyle();
}

void Composer::layOut() {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 12, 16, 12);
    column->setSpacing(8);
    column->addWidget(banner_);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    field_->setPlaceholderText(tr("Write a message. Enter sends, Shift+Enter makes a line."));
    field_->setAccessibleName(tr("Message"));
    field_->setFixedHeight(56);
    field_->setTabChangesFocus(true);
    field_->document()->setDocumentMargin(8);
    send_->setFixedSize(96, 56);
    row->addWidget(field_, 1);
    row->addWidget(send_);
    column->addLayout(row);
    auto* below = new QHBoxLayout;
    below->setSpacing(8);
    meter_->setRange(0, 1000);
    meter_->setTextVisible(false);
    meter_->setFixedWidth(68);
    meter_->setAccessibleName(tr("Share of the context in use"));
    const QString tip = tr(
        "Tokens of the conversation as the model will read it (its chat template applied), of "
        "those that fit. Counted with the model's own tokenizer while you type; with two models, "
        "for the one with less room.");
    for (QWidget* part : {static_cast<QWidget*>(contextName_), static_cast<QWidget*>(meter_),
                          static_cast<QWidget*>(context_)})
        part->setToolTip(tip);
    below->addWidget(contextName_);
    below->addWidget(meter_);
    context_->setWordWrap(true);
    below->addWidget(context_, 1);
    for (QPushButton* button : {system_, sampling_}) {
        button->setProperty("small", true);
        below->addWidget(button);
    }
    system_->setAccessibleName(tr("System prompt"));
    system_->setToolTip(tr("What the models are told before the chat, and their chat template."));
    sampling_->setToolTip(tr("How the next token is drawn (Ctrl+Shift+S)"));
    column->addLayout(below);
}

QString Composer::text() const {
    return field_->toPlainText();
}

void Composer::setText(const QString& text) {
    field_->setPlainText(text);
    field_->moveCursor(QTextCursor::End);
}

void Composer::focusField() {
    field_->setFocus(Qt::OtherFocusReason);
}

void Composer::press() {
    if (running_)
        Q_EMIT stopRequested();
    else if (send_->isEnabled())
        Q_EMIT sendRequested(text());
}

void Composer::setState(bool running, bool ready) {
    running_ = running;
    ready_ = ready;
    updateSend();
}

void Composer::setEditing(bool editing) {
    editing_ = editing;
    updateSend();
}

void Composer::updateSend() {
    const char* kind = running_ ? "destructive" : "primary";
    if (send_->property("kind").toString() != kind) {
        send_->setProperty("kind", kind);
        send_->style()->unpolish(send_);
        send_->style()->polish(send_);
    }
    send_->setText(running_ ? tr("Stop") : editing_ ? tr("Send edit") : tr("Send"));
    const Tokens& t = theme_.tokens();
    send_->setIcon(running_ ? theme_.icon("stop", t.bad.text) : QIcon());
    const bool empty = text().trimmed().isEmpty();
    send_->setEnabled(running_ || (ready_ && fits_ && !empty));
    send_->setToolTip(running_  ? tr("Stop writing (Esc)")
                      : !ready_ ? tr("Open a model first.")
                      : !fits_  ? tr("The message does not fit: choose below.")
                      : empty   ? tr("Write a message first.")
                                : tr("Send (Enter)"));
}

void Composer::showCount(const ContextCount& count) {
    const ContextUse& use = count.use;
    const bool known = use.capacity > 0 && count.error.isEmpty();
    fits_ = !known || use.excess() <= 0;
    const double share =
        known ? static_cast<double>(use.total()) / static_cast<double>(use.capacity) : 0.0;
    meter_->setValue(static_cast<int>(std::min(share, 1.0) * 1000));
    QString text = "–";
    if (known)
        text = tr("%1 of %2 tokens, this message %3")
                   .arg(ui::count(use.before), ui::count(use.capacity), ui::count(use.message));
    if (known && fits_ && share >= nearlyFull) // rounded down to two digits: "about"
        text += "  " + tr("Room for about %1 more tokens.").arg(ui::count(-use.excess() / 10 * 10));
    context_->setText(text);
    if (!count.error.isEmpty()) {
        banner_->clearButtons();
        banner_->show(Banner::Tone::bad, count.error);
    } else if (!fits_) {
        showChoices(use);
    } else {
        banner_->hide();
    }
    updateSend();
}

void Composer::showChoices(const ContextUse& use) {
    banner_->clearButtons();
    banner_->show(Banner::Tone::warn, QString::fromStdString(doesNotFit(use)));
    connect(banner_->addButton(tr("Shorten it")), &QPushButton::clicked, this,
            &Composer::focusField);
    connect(banner_->addButton(tr("Drop the oldest two messages")), &QPushButton::clicked, this,
            &Composer::dropOldestRequested);
    connect(banner_->addButton(tr("New chat")), &QPushButton::clicked, this,
            &Composer::newChatRequested);
}

void Composer::setSamplingName(const QString& name) {
    samplingName_ = name;
    nameButtons();
}

void Composer::resizeEvent(QResizeEvent* event) {
    QFrame::resizeEvent(event);
    nameButtons();
}

/// In few words where there is little room.
void Composer::nameButtons() {
    const bool few = width() < fewWordsBelow * fontMetrics().horizontalAdvance('M');
    contextName_->setVisible(!few);
    system_->setText(few ? tr("System") : tr("System prompt"));
    sampling_->setAccessibleName(tr("Sampling: %1").arg(samplingName_));
    sampling_->setText(few ? samplingName_ : sampling_->accessibleName());
}

QString Composer::meterText() const {
    return context_->text();
}

} // namespace bwla::ui
