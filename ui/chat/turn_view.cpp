// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/turn_view.h"

#include "ui/chat/answer_text.h"
#include "ui/chat/kl_strip.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/number_text.h"

#include <QHBoxLayout>
#include <QHash>
#include <QKeyEvent>
#include <QToolButton>

#include <cmath>

namespace bwla::ui {
namespace {

constexpr int bubbleMargin = 48; ///< the user's words stand at the right

/// A label asks for the height of a long text dozens of times while a chat is laid out, and breaks
/// its lines anew each time: 190 ms for 4,200 characters.
class WrappedLabel : public QLabel {
public:
    [[nodiscard]] QSize minimumSizeHint() const override { return {80, fontMetrics().height()}; }
    [[nodiscard]] QSize sizeHint() const override {
        constexpr int usual = 320;
        return {usual, heightForWidth(usual)};
    }
    [[nodiscard]] int heightForWidth(int width) const override {
        if (text() != measured_ || font() != font_) {
            heights_.clear();
            measured_ = text();
            font_ = font();
        }
        const auto known = heights_.constFind(width);
        return known != heights_.constEnd()
                   ? *known
                   : *heights_.insert(width, QLabel::heightForWidth(width));
    }

private:
    mutable QString measured_;
    mutable QFont font_;
    mutable QHash<int, int> heights_;
};

QString phaseText(const SideStatus& status) {
    switch (status.phase) {
    case SidePhase::waiting:
        return TurnView::tr("Waiting: the models take turns");
    case SidePhase::loading:
        return TurnView::tr("Loading, %1 %").arg(std::lround(status.loaded * 100));
    case SidePhase::reading:
        return TurnView::tr("Reading the prompt, %1 of %2 tokens")
            .arg(numberText(static_cast<double>(status.promptRead), 0),
                 numberText(static_cast<double>(status.promptTokens), 0));
    case SidePhase::comparing:
        return TurnView::tr("Comparing with the original");
    case SidePhase::writing:
    case SidePhase::idle:
        break;
    }
    return {};
}

QString endText(const ChatAnswer& answer) {
    switch (answer.state) {
    case MessageState::stopped:
        return TurnView::tr("Stopped by you");
    case MessageState::failed:
        return QString::fromStdString(answer.stats.error);
    case MessageState::interrupted:
        return TurnView::tr("The program ended while this was being written");
    case MessageState::streaming:
    case MessageState::done:
        break;
    }
    if (answer.stats.stop == "length")
        return TurnView::tr("Cut at the longest answer that sampling allows");
    if (answer.stats.stop == "context")
        return TurnView::tr("The context is full: the answer ends here");
    return {};
}

} // namespace

TurnView::TurnView(Theme& theme, ChatSide side, QWidget* parent)
    : QFrame(parent), theme_(theme), side_(side), text_(new AnswerText(theme)),
      strip_(new KlStrip(theme)) {
    setProperty("turn", true);
    setFocusPolicy(Qt::StrongFocus);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(4, 4, 4, 4);
    column->setSpacing(8);
    notRead_ = label(tr("The models no longer read this"), "caption");
    column->addWidget(notRead_);
    column->addWidget(makeBubble());
    column->addWidget(text_);
    column->addWidget(makeStrip());
    column->addWidget(makeNumbers());
    connect(&theme_, &Theme::changed, this, &TurnView::restyle);
    connect(strip_, &KlStrip::tokenChosen, this, [this](std::optional<std::size_t> token) {
        text_->highlight(token);
        nameToken(token);
        Q_EMIT tokenChosen(token);
    });
    restyle();
}

QToolButton* TurnView::addTool(const QString& icon, const QString& tip, TurnAction action) {
    auto* tool = new QToolButton;
    tool->setFixedSize(24, 24);
    tool->setToolTip(tip);
    tool->setAccessibleName(tip);
    icons_.append({tool, icon});
    connect(tool, &QToolButton::clicked, this, [this, action] { Q_EMIT actionRequested(action); });
    return tool;
}

QWidget* TurnView::makeBubble() {
    auto* box = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(bubbleMargin, 0, 0, 0);
    column->setSpacing(0);
    auto* bubble = new QFrame;
    bubble->setProperty("bubble", true);
    auto* inside = new QVBoxLayout(bubble);
    inside->setContentsMargins(12, 8, 12, 8);
    message_ = new WrappedLabel;
    message_->setWordWrap(true);
    message_->setTextFormat(Qt::PlainText);
    message_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    message_->setAccessibleName(tr("Your message"));
    inside->addWidget(message_);
    column->addWidget(bubble);
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    row->addStretch();
    messageVersions_ = new QWidget;
    auto* versions = new QHBoxLayout(messageVersions_);
    versions->setContentsMargins(0, 0, 0, 0);
    versions->setSpacing(0);
    messageVersion_ = label({}, "caption");
    versions->addWidget(
        addTool("chevron-left", tr("Message before the edit"), TurnAction::previousMessage));
    versions->addWidget(messageVersion_);
    versions->addWidget(
        addTool("chevron-right", tr("Message after the edit"), TurnAction::nextMessage));
    row->addWidget(messageVersions_);
    row->addWidget(addTool("edit", tr("Edit this message (E). The old one stays as a version."),
                           TurnAction::edit));
    row->addWidget(
        addTool("delete", tr("Delete this message and its answers (Delete)"), TurnAction::remove));
    column->addLayout(row);
    return box;
}

QWidget* TurnView::makeStrip() {
    stripBox_ = new QWidget;
    auto* column = new QVBoxLayout(stripBox_);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    column->addWidget(strip_);
    auto* row = new QHBoxLayout;
    auto* name = label(tr("KL per token"), "caption");
    name->setToolTip(KlStrip::definition());
    stripMean_ = label({}, "caption");
    stripMean_->setToolTip(KlStrip::definition());
    stripMean_->setWordWrap(true);
    stripMean_->setAlignment(Qt::AlignRight | Qt::AlignTop);
    row->addWidget(name, 0, Qt::AlignTop);
    row->addWidget(stripMean_, 1);
    column->addLayout(row);
    return stripBox_;
}

QWidget* TurnView::makeNumbers() {
    auto* box = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    auto* line = new QFrame;
    line->setProperty("line", true);
    column->addWidget(line);
    numbers_ = new QWidget;
    auto* row = new QHBoxLayout(numbers_);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(12);
    for (QLabel** made : {&prefill_, &firstToken_, &decode_, &tokens_, &state_, &answerVersion_})
        *made = label({}, "caption");
    for (QLabel* first : {prefill_, firstToken_, tokens_}) // to give way, before the answer does
        first->setMinimumWidth(1);
    state_->setWordWrap(true);
    state_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    state_->setAccessibleName(tr("State of the answer"));
    row->addWidget(prefill_);
    row->addWidget(firstToken_);
    row->addStretch();
    column->addWidget(numbers_);
    tools_ = new QWidget;
    auto* second = new QHBoxLayout(tools_);
    second->setContentsMargins(0, 0, 0, 0);
    second->setSpacing(0);
    second->addWidget(decode_);
    second->addSpacing(12);
    second->addWidget(tokens_);
    second->addStretch();
    second->addWidget(addTool("copy", tr("Copy the answer (C)"), TurnAction::copy));
    second->addWidget(
        addTool("refresh", tr("Answer again as a new version (Ctrl+R)"), TurnAction::regenerate));
    second->addWidget(addTool("branch",
                              tr("Go on from this answer: the next message opens a branch "
                                 "(B). What follows now is kept."),
                              TurnAction::branch));
    answerVersions_ = new QWidget;
    auto* versions = new QHBoxLayout(answerVersions_);
    versions->setContentsMargins(0, 0, 0, 0);
    versions->setSpacing(0);
    versions->addWidget(
        addTool("chevron-left", tr("Answer before (Alt+Left)"), TurnAction::previousAnswer));
    versions->addWidget(answerVersion_);
    versions->addWidget(
        addTool("chevron-right", tr("Answer after (Alt+Right)"), TurnAction::nextAnswer));
    second->addWidget(answerVersions_);
    column->addWidget(tools_);
    column->addWidget(state_);
    decode_->setProperty("strong", true);
    prefill_->setToolTip(tr("Tokens of the prompt that were read, and how many a second. Tokens "
                            "already in the cache from the turn before are neither read nor "
                            "counted."));
    firstToken_->setToolTip(tr("From the start of this model's turn until its first token was "
                               "chosen. Loading does not count."));
    tokens_->setToolTip(tr("Tokens of the answer, the ending one left out."));
    return box;
}

void TurnView::setTurn(const ChatTurn& turn, const SideStatus& status) {
    message_->setText(turn.text);
    notRead_->setVisible(!turn.read);
    messageVersions_->setVisible(turn.version.count > 1);
    messageVersion_->setText(tr("%1 of %2").arg(turn.version.index).arg(turn.version.count));
    answerVersions_->setVisible(turn.answerVersion.count > 1);
    answerVersion_->setText(
        tr("%1 of %2").arg(turn.answerVersion.index).arg(turn.answerVersion.count));
    const auto& answer = turn.answer(side_);
    text_->setVisible(answer.has_value());
    tools_->setVisible(answer && answer->state != MessageState::streaming);
    if (answer) {
        setAnswer(turn, *answer, status);
    } else {
        stripBox_->hide();
        numbers_->hide();
        state_->setText(turn.round == 0 ? QString() : tr("This model was not asked"));
    }
    state_->setVisible(!state_->text().isEmpty());
    setAccessibleName(tr("Message: %1. Answer: %2").arg(turn.text, text_->text().left(200)));
}

void TurnView::setAnswer(const ChatTurn& turn, const ChatAnswer& answer, const SideStatus& status) {
    const bool quantized = side_ == ChatSide::quantized;
    const auto difference = turn.difference();
    text_->setText(answer.text, {answer.stats.path, difference, quantized});
    nats_ = answer.stats.agreement.kl;
    strip_->setValues(nats_, difference);
    stripBox_->setVisible(!nats_.empty());
    stripText_ = tr("mean %1 nats").arg(numberText(answer.stats.agreement.mean(), 2));
    if (difference)
        stripText_ += tr(", differs at token %1").arg(*difference + 1);
    stripMean_->setText(stripText_);
    setNumbers(answer);
    setState(turn, answer, status);
}

void TurnView::setNumbers(const ChatAnswer& answer) {
    const AnswerStats& stats = answer.stats;
    const bool measured = answer.state != MessageState::streaming && stats.promptTokens > 0;
    numbers_->setVisible(measured);
    prefill_->setText(
        tr("Prefill %1 tok, %2 tok/s")
            .arg(numberText(static_cast<double>(stats.promptTokens - stats.reusedTokens), 0),
                 numberText(stats.promptSpeed, 0)));
    firstToken_->setText(tr("First token %1 ms").arg(numberText(stats.firstTokenSeconds * 1e3, 0)));
    decode_->setText(tr("Decode %1 tok/s").arg(numberText(stats.decodeSpeed, 1)));
    decode_->setToolTip(
        tr("Tokens a second after the prompt: steps of one token over the time they took, sampling "
           "and text included. %1, %2. Weights and cache: %3 MB.")
            .arg(QString::fromStdString(stats.model), QString::fromStdString(stats.device),
                 numberText(static_cast<double>(stats.memoryBytes) / 1e6, 1)));
    tokens_->setText(tr("%1 tok").arg(numberText(static_cast<double>(stats.path.size()), 0)));
}

void TurnView::setState(const ChatTurn& turn, const ChatAnswer& answer, const SideStatus& status) {
    QString text = phaseText(status);
    if (status.phase == SidePhase::writing)
        text = tr("Writing, %1 tok").arg(answer.stats.path.size());
    if (text.isEmpty())
        text = endText(answer);
    const auto& other = turn.answer(ChatSide::original);
    if (status.phase == SidePhase::idle && side_ == ChatSide::quantized && other &&
        !turn.difference() && other->state == MessageState::done &&
        answer.state == MessageState::done && !answer.stats.path.empty())
        text = tr("Both answers are identical for %1 tokens. %2")
                   .arg(answer.stats.path.size())
                   .arg(text)
                   .trimmed();
    state_->setText(text);
}

void TurnView::nameToken(std::optional<std::size_t> token) {
    stripMean_->setText(token ? tr("token %1 “%2”: %3 nats")
                                    .arg(*token + 1)
                                    .arg(text_->tokenText(*token).simplified(),
                                         numberText(static_cast<double>(nats_[*token]), 3))
                              : stripText_);
}

int TurnView::find(const QString& words, bool withMessage) {
    words_ = words;
    foundInMessage_.clear();
    const QString message = message_->text();
    if (withMessage && !words.isEmpty())
        for (qsizetype at = message.indexOf(words, 0, Qt::CaseInsensitive); at >= 0;
             at = message.indexOf(words, at + words.size(), Qt::CaseInsensitive))
            foundInMessage_.push_back(static_cast<int>(at));
    return static_cast<int>(foundInMessage_.size()) + text_->find(words);
}

void TurnView::markFound(int index) {
    const auto inMessage = static_cast<int>(foundInMessage_.size());
    if (index >= 0 && index < inMessage)
        message_->setSelection(foundInMessage_[static_cast<std::size_t>(index)],
                               static_cast<int>(words_.size()));
    else if (message_->hasSelectedText())
        message_->setSelection(0, 0);
    text_->markFound(index >= inMessage ? index - inMessage : -1);
}

QRect TurnView::foundRect(int index) const {
    const auto inMessage = static_cast<int>(foundInMessage_.size());
    if (index < inMessage)
        return {message_->mapTo(this, QPoint(0, 0)), message_->size()};
    const QRect rect = text_->foundRect(index - inMessage);
    return {text_->mapTo(this, rect.topLeft()), rect.size()};
}

QString TurnView::numbers() const {
    QStringList all;
    for (const QLabel* part : {prefill_, firstToken_, decode_, tokens_, state_, stripMean_})
        if (!part->isHidden() && !part->text().isEmpty())
            all << part->text();
    return all.join("; ");
}

void TurnView::keyPressEvent(QKeyEvent* event) {
    if (event->modifiers() != Qt::NoModifier)
        return QFrame::keyPressEvent(event);
    switch (event->key()) {
    case Qt::Key_C:
        return actionRequested(TurnAction::copy);
    case Qt::Key_B:
        return actionRequested(TurnAction::branch);
    case Qt::Key_E:
        return actionRequested(TurnAction::edit);
    case Qt::Key_Delete:
        return actionRequested(TurnAction::remove);
    default:
        QFrame::keyPressEvent(event);
    }
}

void TurnView::restyle() {
    for (const auto& [tool, icon] : icons_)
        tool->setIcon(theme_.icon(icon));
}

} // namespace bwla::ui
