// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who hears whom on the page.
#include "ui/chat/chat_history.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/chat_pane.h"
#include "ui/chat/composer.h"
#include "ui/chat/engine_panel.h"
#include "ui/chat/find_bar.h"
#include "ui/chat/instruments.h"
#include "ui/chat/mode_bar.h"
#include "ui/chat/model_choice.h"
#include "ui/chat/options_panel.h"
#include "ui/widgets/banner.h"

#include <QPushButton>

namespace bwla::ui {

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
        showMemory();
    });
    connect(&controller_, &ChatController::sent, this, [this] { composer_->setText({}); });
    connect(&controller_, &ChatController::failed, this, &ChatPage::showFailure);
    connect(&controller_, &ChatController::turnRemoved, this, &ChatPage::offerUndo);
    connect(&controller_, &ChatController::deviceInUse, this, [this](const QString& device) {
        options_->enginePanel().setRunning(device);
        options_->enginePanel().setKernels(controller_.kernelsInUse());
        Q_EMIT deviceInUse(device);
    });
    connect(&controller_, &ChatController::deviceFailed, this, &ChatPage::showDeviceFailure);
}

void ChatPage::connectParts() {
    connectHeader();
    connectComposer();
    connectOptions();
    connectPanes();
    connect(history_, &ChatHistory::chatChosen, this, [this](std::int64_t chat) {
        controller_.openChat(chat);
        history_->reload(chat);
    });
    connect(history_, &ChatHistory::chatDeleted, this, [this](std::int64_t chat) {
        if (chat == controller_.chat().id)
            controller_.newChat();
    });
    connect(find_, &FindBar::closed, this, [this] { composer_->focusField(); });
}

void ChatPage::startNew() {
    controller_.newChat();
    composer_->focusField();
}

void ChatPage::connectHeader() {
    connect(modes_, &ModeBar::modeChosen, this, [this](ChatMode mode) {
        ChatOptions options = controller_.options();
        options.mode = mode;
        controller_.setOptions(options);
    });
    connect(export_, &QPushButton::clicked, this, &ChatPage::exportAs);
    connect(new_, &QPushButton::clicked, this, &ChatPage::startNew);
    connect(otherSide_, &QPushButton::clicked, this, [this] {
        frontSide_ = frontSide_ == ChatSide::original ? ChatSide::quantized : ChatSide::original;
        showMode();
    });
    connect(historyToggle_, &QPushButton::toggled, this, [this](bool on) {
        historyWanted_ = on;
        fitWidth();
    });
}

void ChatPage::connectComposer() {
    connect(composer_, &Composer::newChatRequested, this, &ChatPage::startNew);
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
}

void ChatPage::connectOptions() {
    connect(options_, &OptionsPanel::closed, this, &ChatPage::closePanel);
    connect(&options_->enginePanel(), &EnginePanel::cacheBitsChosen, this, [this](int bits) {
        controller_.setCacheBits(bits);
        showMemory();
    });
    connect(&options_->enginePanel(), &EnginePanel::devicesListed, this, &ChatPage::showMemory);
    connect(&options_->enginePanel(), &EnginePanel::deviceChosen, this,
            [this](const std::string& id, const QString& name) {
                device_->hide();
                controller_.setDevice(id, name);
                showMemory();
            });
    connect(options_, &OptionsPanel::optionsChanged, this, [this](const ChatOptions& options) {
        controller_.setOptions(options);
        composer_->setSamplingName(samplingName(options.sampling));
    });
}

void ChatPage::connectPanes() {
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

} // namespace bwla::ui
