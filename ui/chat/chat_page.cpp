// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_page.h"

#include "ui/chat/answer_speaker.h"
#include "ui/chat/chat_export.h"
#include "ui/chat/chat_finder.h"
#include "ui/chat/chat_history.h"
#include "ui/chat/chat_pane.h"
#include "ui/chat/composer.h"
#include "ui/chat/engine_panel.h"
#include "ui/chat/find_bar.h"
#include "ui/chat/instruments.h"
#include "ui/chat/mode_bar.h"
#include "ui/chat/options_panel.h"
#include "ui/studio/remembered_splitter.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"
#include "ui/widgets/numbers.h"

#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>

namespace bwla::ui {
namespace {

// Logical pixels of the page, below which parts fold.
constexpr int historyBelow = 1080;
constexpr int onePaneBelow = 920;
constexpr int instrumentsBelow = 700;

} // namespace

ChatPage::ChatPage(Services& services, QWidget* parent)
    : Page(parent), services_(services), controller_(services), modes_(new ModeBar(services.theme)),
      export_(new QPushButton(tr("Export…"))), new_(new QPushButton(tr("New chat"))),
      historyToggle_(new QPushButton(tr("Chats"), this)), otherSide_(new QPushButton(this)),
      columns_(new QSplitter), history_(new ChatHistory(services.theme, controller_.store())),
      banner_(new Banner(services.theme)), memory_(new Banner(services.theme)),
      device_(new Banner(services.theme)), find_(new FindBar(services.theme)),
      options_(new OptionsPanel(services.theme)), composer_(new Composer(services.theme)),
      instruments_(new Instruments(services.theme, controller_)) {
    for (const ChatSide side : chatSides)
        panes_[static_cast<std::size_t>(side)] = new ChatPane(services.theme, controller_, side);
    finder_ = new ChatFinder(*find_, {panes_.begin(), panes_.end()}, this);
    makeHeader();
    layOut();
    connectController();
    connectParts();
    addKeys();
    new AnswerSpeaker(controller_, *composer_->field(), this);
    showChat();
}

void ChatPage::makeHeader() {
    const auto draw = [this] {
        export_->setIcon(services_.theme.icon("export"));
        new_->setIcon(services_.theme.icon("add"));
        historyToggle_->setIcon(services_.theme.icon("runs"));
    };
    connect(&services_.theme, &Theme::changed, this, draw);
    connect(&services_.theme, &Theme::changed, this, &ChatPage::fitWidth);
    draw();
    export_->setToolTip(tr("Save this chat as Markdown, JSON or HTML (Ctrl+E)"));
    new_->setToolTip(tr("New chat with the same models (Ctrl+N)"));
    otherSide_->setToolTip(tr("The other model's answers (Ctrl+Tab)"));
    historyToggle_->setToolTip(tr("Show the list of chats"));
    historyToggle_->setCheckable(true);
}

QWidget* ChatPage::headerContext() {
    return modes_;
}

QList<QWidget*> ChatPage::headerActions() {
    return {otherSide_, historyToggle_, export_, new_};
}

void ChatPage::layOut() {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(16, 16, 16, 16);
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    auto* panes = new QHBoxLayout;
    panes->setSpacing(8);
    for (ChatPane* pane : panes_)
        panes->addWidget(pane, 1);
    column->addWidget(find_);
    column->addLayout(panes, 1);
    for (Banner* banner : {device_, memory_, banner_})
        column->addWidget(banner);
    column->addWidget(options_);
    column->addWidget(composer_);
    columns_->setHandleWidth(8);
    columns_->setChildrenCollapsible(false);
    auto* scroll = new QScrollArea; // cards are higher than a low window
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    instruments_->setObjectName("scrolled");
    scroll->setWidget(instruments_);
    instrumentsColumn_ = scroll;
    for (QWidget* part : {static_cast<QWidget*>(history_), centre, instrumentsColumn_})
        columns_->addWidget(part);
    columns_->setStretchFactor(1, 1);
    columns_->setSizes({200, 696, 256});
    rememberSplitter(services_, *columns_, "chat");
    row->addWidget(columns_);
}

// What is in view ----------------------------------------------------------------------------

void ChatPage::openChat(const QString& originalPath, const QString& quantizedPath) {
    if (controller_.running()) {
        nextModels_ = {originalPath, quantizedPath};
        return controller_.stop();
    }
    ChatOptions options = controller_.options();
    options.mode = originalPath.isEmpty()    ? ChatMode::quantized
                   : quantizedPath.isEmpty() ? ChatMode::original
                                             : ChatMode::both;
    controller_.newChat();
    controller_.setOptions(options);
    controller_.setModel(ChatSide::original, originalPath);
    controller_.setModel(ChatSide::quantized, quantizedPath);
    composer_->focusField();
}

void ChatPage::activated() {
    composer_->focusField();
}

void ChatPage::showChat() {
    composer_->setEditing(controller_.editing());
    for (ChatPane* pane : panes_)
        pane->showChat();
    options_->setOptions(controller_.options());
    composer_->setSamplingName(samplingName(controller_.options().sampling));
    instruments_->showNumbers();
    showMode();
    showStatus();
    for (ChatPane* pane : panes_)
        pane->scrollToEnd();
}

void ChatPage::showMode() {
    const ChatMode mode = controller_.options().mode;
    modes_->setMode(mode);
    const bool narrow = width() < services_.theme.scaled(onePaneBelow) && mode == ChatMode::both;
    otherSide_->setVisible(narrow);
    otherSide_->setText(frontSide_ == ChatSide::original ? tr("Show quantized")
                                                         : tr("Show original"));
    for (const ChatSide side : chatSides) {
        const bool asked =
            mode == ChatMode::both || (mode == ChatMode::original) == (side == ChatSide::original);
        pane(side)->setVisible(asked && (!narrow || side == frontSide_));
    }
    finder_->refresh();
}

void ChatPage::showStatus() {
    const bool running = controller_.running();
    for (ChatPane* pane : panes_)
        pane->showStatus();
    if (running)
        for (ChatPane* pane : panes_)
            pane->showLast();
    const bool ready =
        controller_.takesPart(ChatSide::original) || controller_.takesPart(ChatSide::quantized);
    composer_->setState(running, ready);
    history_->setLocked(running);
    modes_->setLocked(running);
    new_->setEnabled(!running);
    export_->setEnabled(!controller_.turns().empty());
    if (running != std::exchange(wasRunning_, running) && !running)
        Q_EMIT jobChanged(std::nullopt);
    if (!running)
        return;
    const bool both =
        controller_.takesPart(ChatSide::original) && controller_.takesPart(ChatSide::quantized);
    Q_EMIT jobChanged(
        JobStatus{both ? tr("Writing, both models. Esc stops") : tr("Writing. Esc stops"), 0.0});
}

/// While an answer grows, its end stays in sight.
void ChatPage::follow() {
    for (ChatPane* pane : panes_)
        pane->follow();
}

void ChatPage::resizeEvent(QResizeEvent* event) {
    Page::resizeEvent(event);
    fitWidth();
}

void ChatPage::fitWidth() {
    const Theme& theme = services_.theme;
    history_->setMinimumWidth(theme.scaled(160));
    instrumentsColumn_->setMinimumWidth(theme.scaled(248));
    const bool narrow = width() < theme.scaled(historyBelow);
    historyToggle_->setVisible(narrow);
    const bool compact = width() < theme.scaled(onePaneBelow);
    modes_->setCompact(compact);
    for (const auto& [button, text] :
         {std::pair(historyToggle_, tr("Chats")), std::pair(export_, tr("Export…"))}) {
        button->setAccessibleName(text);
        button->setText(compact ? QString() : text);
    }
    history_->setVisible(!narrow || historyWanted_);
    instrumentsColumn_->setVisible(width() >= theme.scaled(instrumentsBelow));
    showMode();
}

// What the user does -------------------------------------------------------------------------

void ChatPage::send(const QString& text) {
    banner_->hide();
    controller_.send(text);
}

void ChatPage::startEdit(std::size_t turn) {
    if (controller_.running())
        return;
    controller_.setEdited(turn);
    composer_->setEditing(true);
    composer_->setText(controller_.turns()[turn].text);
    composer_->focusField();
}

bool ChatPage::escape() {
    if (controller_.running()) {
        controller_.stop();
        return true;
    }
    if (find_->isVisible()) {
        find_->close();
        return true;
    }
    if (options_->isVisible()) {
        closePanel();
        return true;
    }
    if (controller_.editing()) {
        controller_.setEdited(std::nullopt);
        composer_->setEditing(false);
        composer_->setText({});
        return true;
    }
    return false;
}

void ChatPage::act(std::size_t turn, ChatSide side, TurnAction action) {
    switch (action) {
    case TurnAction::copy:
        if (const auto& answer = controller_.turns()[turn].answer(side))
            QGuiApplication::clipboard()->setText(QString::fromStdString(answer->text));
        return;
    case TurnAction::regenerate:
        return controller_.regenerate(turn);
    case TurnAction::branch:
        controller_.branch(turn);
        return composer_->focusField();
    case TurnAction::previousAnswer:
        return controller_.showVersion(turn, true, -1);
    case TurnAction::nextAnswer:
        return controller_.showVersion(turn, true, 1);
    case TurnAction::previousMessage:
        return controller_.showVersion(turn, false, -1);
    case TurnAction::nextMessage:
        return controller_.showVersion(turn, false, 1);
    case TurnAction::edit:
        return startEdit(turn);
    case TurnAction::remove:
        return controller_.removeTurn(turn);
    }
}

void ChatPage::openPanel(int tab) {
    options_->enginePanel().setDevice(controller_.device(), controller_.deviceName());
    options_->enginePanel().setCacheBits(controller_.cacheBits());
    options_->enginePanel().listDevices(services_.engineDevices);
    options_->setOptions(controller_.options());
    options_->open(static_cast<OptionsPanel::Tab>(tab));
}

void ChatPage::closePanel() {
    options_->hide();
    composer_->focusField();
}

void ChatPage::showFailure(const QString& sentence) {
    banner_->clearButtons();
    banner_->show(Banner::Tone::bad, sentence);
}

/// The answer goes on; only where it computes has changed.
void ChatPage::showDeviceFailure(const QString& reason) {
    device_->clearButtons();
    device_->show(
        Banner::Tone::warn,
        tr("%1 cannot be used; the processor answers instead.")
            .arg(controller_.deviceName().isEmpty() ? tr("The GPU") : controller_.deviceName()),
        reason + ".");
    connect(device_->addButton(tr("Try it again")), &QPushButton::clicked, this, [this] {
        device_->hide();
        controller_.tryDeviceAgain();
    });
    connect(device_->addButton(tr("Close")), &QPushButton::clicked, device_, &Banner::hide);
}

/// Before loading: numbers first, then the choice.
void ChatPage::showMemory() {
    EnginePanel& engine = options_->enginePanel();
    engine.listDevices(services_.engineDevices); // their memory, once
    controller_.setMemoryOf(engine.device(controller_.device()));
    const MemoryNeed need = controller_.memoryNeed();
    if (controller_.running() || need.fits())
        return memory_->hide();
    const bool both = controller_.options().mode == ChatMode::both;
    memory_->clearButtons();
    memory_->show(
        Banner::Tone::warn,
        tr("%1 will probably not fit into memory.").arg(both ? tr("The models") : tr("The model")),
        need.device.isEmpty()
            ? tr("They need %1 for weights and caches, %2 are free.")
                  .arg(bytesText(need.needed), bytesText(need.available))
            : tr("They need %1 for weights and caches, %2 of %3 are free. Where they do not fit, "
                 "the "
                 "processor answers.")
                  .arg(bytesText(need.needed), bytesText(need.available), need.device));
    if (!both)
        return;
    connect(memory_->addButton(tr("Only the quantized model")), &QPushButton::clicked, this,
            [this] { Q_EMIT modes_->modeChosen(ChatMode::quantized); });
}

std::optional<QString> ChatPage::reasonToStay() const {
    if (!controller_.unsaved())
        return std::nullopt;
    return tr(
        "An answer could not be saved: the disk is full or cannot be written. It is lost when "
        "the window closes. Quit?");
}

void ChatPage::offerUndo() {
    banner_->clearButtons();
    banner_->show(Banner::Tone::info, tr("Message deleted, with what followed."));
    connect(banner_->addButton(tr("Undo")), &QPushButton::clicked, this, [this] {
        banner_->hide();
        controller_.undoRemove();
    });
}

void ChatPage::exportAs() {
    QString kind;
    const QString name =
        QString::fromStdString(controller_.chat().title).left(40).replace('/', '-');
    QString file =
        QFileDialog::getSaveFileName(this, tr("Export chat"), name + ".md",
                                     tr("Markdown (*.md);;JSON (*.json);;HTML (*.html)"), &kind);
    if (file.isEmpty())
        return;
    if (QFileInfo(file).suffix().isEmpty())
        file += kind.contains("json") ? ".json" : kind.contains("html") ? ".html" : ".md";
    const QString wrong =
        exportChat(file, controller_.chat(), controller_.options(), controller_.turns());
    if (!wrong.isEmpty())
        showFailure(wrong);
}

} // namespace bwla::ui
