// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_page.h"

#include "ui/chat/answer_text.h"
#include "ui/chat/chat_export.h"
#include "ui/chat/chat_history.h"
#include "ui/chat/chat_pane.h"
#include "ui/chat/composer.h"
#include "ui/chat/instruments.h"
#include "ui/chat/mode_bar.h"
#include "ui/chat/model_choice.h"
#include "ui/chat/options_panel.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"

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
      banner_(new Banner(services.theme)), options_(new OptionsPanel(services.theme)),
      composer_(new Composer(services.theme)),
      instruments_(new Instruments(services.theme, controller_)) {
    for (const ChatSide side : chatSides)
        panes_[static_cast<std::size_t>(side)] = new ChatPane(services.theme, controller_, side);
    makeHeader();
    layOut();
    connectController();
    connectParts();
    addKeys();
    showChat();
}

void ChatPage::makeHeader() {
    const auto draw = [this] {
        export_->setIcon(services_.theme.icon("export"));
        new_->setIcon(services_.theme.icon("add"));
        historyToggle_->setIcon(services_.theme.icon("runs"));
    };
    connect(&services_.theme, &Theme::changed, this, draw);
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
    column->addLayout(panes, 1);
    column->addWidget(banner_);
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
    history_->setMinimumWidth(160);
    instrumentsColumn_->setMinimumWidth(248);
    columns_->setSizes({200, 696, 256});
    row->addWidget(columns_);
}

void ChatPage::connectController() {
    connect(&controller_, &ChatController::chatChanged, this, &ChatPage::showChat);
    connect(&controller_, &ChatController::statusChanged, this, [this] {
        showStatus();
        if (nextModels_ && !controller_.running()) {
            const auto [original, quantized] = *std::exchange(nextModels_, std::nullopt);
            openChat(original, quantized);
        }
    });
    connect(&controller_, &ChatController::answerChanged, this, [this] {
        for (ChatPane* pane : panes_) // the other side marks where they differ
            pane->showLast();
        instruments_->showNumbers();
        follow();
    });
    connect(&controller_, &ChatController::historyChanged, this,
            [this] { history_->reload(controller_.chat().id); });
    connect(&controller_, &ChatController::contextCounted, this, [this] {
        const ContextCount& count = controller_.count();
        composer_->showCount(count);
        options_->showRendered(count.rendered, count.error);
    });
    connect(&controller_, &ChatController::sent, this, [this] { composer_->setText({}); });
    connect(&controller_, &ChatController::failed, this, &ChatPage::showFailure);
    connect(&controller_, &ChatController::turnRemoved, this, &ChatPage::offerUndo);
    connect(&controller_, &ChatController::deviceInUse, this, &Page::deviceInUse);
}

void ChatPage::connectParts() {
    connect(modes_, &ModeBar::modeChosen, this, [this](ChatMode mode) {
        ChatOptions options = controller_.options();
        options.mode = mode;
        controller_.setOptions(options);
    });
    connect(export_, &QPushButton::clicked, this, &ChatPage::exportAs);
    const auto startNew = [this] {
        controller_.newChat();
        composer_->focusField();
    };
    connect(new_, &QPushButton::clicked, this, startNew);
    connect(composer_, &Composer::newChatRequested, this, startNew);
    connect(otherSide_, &QPushButton::clicked, this, [this] {
        frontSide_ = frontSide_ == ChatSide::original ? ChatSide::quantized : ChatSide::original;
        showMode();
    });
    connect(historyToggle_, &QPushButton::toggled, this, [this](bool on) {
        historyWanted_ = on;
        fitWidth();
    });
    connect(history_, &ChatHistory::chatChosen, this, [this](std::int64_t chat) {
        controller_.openChat(chat);
        history_->reload(chat);
    });
    connect(history_, &ChatHistory::chatDeleted, this, [this](std::int64_t chat) {
        if (chat == controller_.chat().id)
            controller_.newChat();
    });
    connect(composer_, &Composer::textChanged, &controller_, &ChatController::setDraft);
    connect(composer_, &Composer::sendRequested, this, &ChatPage::send);
    connect(composer_, &Composer::stopRequested, &controller_, &ChatController::stop);
    connect(composer_, &Composer::dropOldestRequested, &controller_, &ChatController::dropOldest);
    connect(composer_, &Composer::editLastRequested, this, [this] {
        if (!controller_.turns().empty())
            startEdit(controller_.turns().size() - 1);
    });
    connect(composer_, &Composer::systemRequested, this,
            [this] { openPanel(OptionsPanel::system); });
    connect(composer_, &Composer::samplingRequested, this,
            [this] { openPanel(OptionsPanel::sampling); });
    connect(options_, &OptionsPanel::closed, this, &ChatPage::closePanel);
    connect(options_, &OptionsPanel::optionsChanged, this, [this](const ChatOptions& options) {
        controller_.setOptions(options);
        composer_->setSamplingName(samplingName(options.sampling));
    });
    for (const ChatSide side : chatSides) {
        ChatPane* pane = this->pane(side);
        ChatPane* other = panes_[side == ChatSide::original ? 1 : 0];
        connect(pane, &ChatPane::modelWanted, this, [this](ChatSide wanted, QWidget* near) {
            showModelMenu(
                this, near->mapToGlobal(QPoint(0, near->height())), services_.store, wanted,
                controller_.modelPath(wanted),
                [this, wanted](const QString& path) { controller_.setModel(wanted, path); });
        });
        connect(pane, &ChatPane::openWanted, this, [this](ChatSide wanted) {
            const bool folder = wanted == ChatSide::quantized; // as artifacts are
            if (const QString path = askForModel(this, wanted, folder); !path.isEmpty())
                controller_.setModel(wanted, path);
        });
        connect(pane, &ChatPane::actionRequested, this,
                [this, side](std::size_t turn, TurnAction action) { act(turn, side, action); });
        connect(pane, &ChatPane::scrolled, this, [this, pane, other] {
            if (linking_ || controller_.running())
                return;
            linking_ = true;
            other->scrollTo(pane->scrollPlace());
            linking_ = false;
        });
    }
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
    endEdit();
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
    const bool narrow = width() < onePaneBelow && mode == ChatMode::both;
    otherSide_->setVisible(narrow);
    otherSide_->setText(frontSide_ == ChatSide::original ? tr("Show quantized")
                                                         : tr("Show original"));
    for (const ChatSide side : chatSides) {
        const bool asked =
            mode == ChatMode::both || (mode == ChatMode::original) == (side == ChatSide::original);
        pane(side)->setVisible(asked && (!narrow || side == frontSide_));
    }
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
    const bool narrow = width() < historyBelow;
    historyToggle_->setVisible(narrow);
    modes_->setCompact(width() < onePaneBelow);
    history_->setVisible(!narrow || historyWanted_);
    instrumentsColumn_->setVisible(width() >= instrumentsBelow);
    showMode();
}

// What the user does -------------------------------------------------------------------------

void ChatPage::send(const QString& text) {
    banner_->hide();
    if (editing_) {
        const std::size_t turn = *editing_;
        endEdit();
        composer_->setText({});
        controller_.edit(turn, text);
    } else {
        controller_.send(text);
    }
}

void ChatPage::startEdit(std::size_t turn) {
    if (controller_.running())
        return;
    editing_ = turn;
    composer_->setEditing(true);
    composer_->setText(controller_.turns()[turn].text);
    composer_->focusField();
}

void ChatPage::endEdit() {
    editing_.reset();
    composer_->setEditing(false);
}

bool ChatPage::escape() {
    if (controller_.running()) {
        controller_.stop();
        return true;
    }
    if (options_->isVisible()) {
        closePanel();
        return true;
    }
    if (editing_) {
        endEdit();
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
