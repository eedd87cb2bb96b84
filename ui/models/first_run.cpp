// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/first_run.h"

#include "kernels/kernel_error.h"
#include "ui/models/humps.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"
#include "ui/widgets/command_strip.h"
#include "ui/widgets/numbers.h"
#include "ui/widgets/themed_icon.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QScrollArea>

#include <unistd.h>

namespace bwla::ui {
namespace {

constexpr int contentWidth = 896;

double memoryBytes() {
    return static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
           static_cast<double>(sysconf(_SC_PAGESIZE));
}

QLabel* paragraph(const QString& text) {
    QLabel* result = label(text, "secondary");
    result->setWordWrap(true);
    return result;
}

/// A framed choice with icon and title; what it says and does is added to its layout.
QFrame* choice(Theme& theme, const QString& icon, const QString& title, bool chosen) {
    auto* frame = new QFrame;
    frame->setProperty("choice", true);
    frame->setProperty("chosen", chosen);
    auto* column = new QVBoxLayout(frame);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(8);
    auto* head = new QHBoxLayout;
    auto* picture = new QLabel;
    setThemedIcon(theme, picture, icon, 20, [](const Tokens& t) { return t.accent; });
    head->addWidget(picture);
    head->addWidget(label(title, "name"));
    head->addStretch();
    column->addLayout(head);
    return frame;
}

} // namespace

FirstRun::FirstRun(Services& services, QWidget* parent)
    : QFrame(parent), services_(services), smallText_(paragraph({})),
      use_(new QPushButton(tr("Use this model"))), list_(new QPushButton),
      fetch_(new CommandStrip(services.theme)), device_(new Banner(services.theme)) {
    setProperty("card", true);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(1, 1, 1, 1);
    auto* scroll = new QScrollArea;
    scroll->setFocusPolicy(Qt::NoFocus);
    auto* inner = new QWidget;
    inner->setObjectName("scrolled");
    scroll->setWidget(inner);
    scroll->setWidgetResizable(true);
    outer->addWidget(scroll);
    auto* centre = new QHBoxLayout(inner);
    auto* content = new QWidget;
    content->setMaximumWidth(contentWidth);
    centre->addStretch(1);
    centre->addWidget(content, 100);
    centre->addStretch(1);
    auto* column = new QVBoxLayout(content);
    column->setSpacing(16);
    column->addStretch(1);
    column->addWidget(new Humps(services.theme), 0, Qt::AlignHCenter);
    QLabel* title = label(tr("Make a language model 1 bit, and watch it happen"), "big");
    title->setAlignment(Qt::AlignHCenter);
    title->setWordWrap(true);
    column->addWidget(title);
    QLabel* promise =
        paragraph(tr("Everything runs on this computer. Your original files are never changed."));
    promise->setAlignment(Qt::AlignHCenter);
    column->addWidget(promise);
    auto* choices = new QHBoxLayout;
    choices->setSpacing(16);
    choices->addWidget(smallCard(), 1);
    choices->addWidget(ownCard(), 1);
    column->addLayout(choices);
    column->addSpacing(8);
    column->addWidget(steps());
    column->addSpacing(8);
    column->addWidget(device_);
    column->addStretch(1);
    setSmallModel(std::nullopt);
    setListedModels(0);
}

QWidget* FirstRun::smallCard() {
    QFrame* card = choice(services_.theme, "models", tr("Try the small one"), true);
    auto* column = qobject_cast<QVBoxLayout*>(card->layout());
    column->addWidget(smallText_);
    column->addStretch();
    fetch_->setLine("installer/bootstrap model");
    column->addWidget(fetch_);
    use_->setProperty("kind", "primary");
    setThemedIcon(services_.theme, use_, "quantize", [](const Tokens& t) { return t.onAccent; });
    column->addWidget(use_);
    connect(use_, &QPushButton::clicked, this, &FirstRun::useSmall);
    return card;
}

QWidget* FirstRun::ownCard() {
    QFrame* card = choice(services_.theme, "folder", tr("Open your own"), false);
    auto* column = qobject_cast<QVBoxLayout*>(card->layout());
    column->addWidget(paragraph(tr("A Hugging Face folder with safetensors, or a GGUF file, of the "
                                   "Llama family. You can also drop it into this window.")));
    column->addStretch();
    auto* row = new QHBoxLayout;
    auto* open = new QPushButton(tr("Open model…"));
    open->setToolTip(tr("Ctrl+O"));
    setThemedIcon(services_.theme, open, "open");
    row->addWidget(open, 1);
    row->addWidget(list_, 1);
    column->addLayout(row);
    connect(open, &QPushButton::clicked, this, &FirstRun::openClicked);
    connect(list_, &QPushButton::clicked, this, &FirstRun::listClicked);
    return card;
}

QWidget* FirstRun::steps() {
    const QList<std::pair<QString, QString>> texts{
        {tr("Open"), tr("a model you have")},
        {tr("Quantize"), tr("1-bit weights, 6-bit activations")},
        {tr("See"), tr("the weights split in two")},
        {tr("Chat"), tr("beside the original")}};
    auto* widget = new QWidget;
    auto* row = new QHBoxLayout(widget);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    for (int i = 0; i < texts.size(); ++i) {
        if (i > 0)
            row->addStretch();
        QLabel* number = label(QString::number(i + 1));
        number->setProperty("step", true);
        number->setFixedSize(24, 24);
        number->setAlignment(Qt::AlignCenter);
        auto* cell = new QVBoxLayout;
        cell->setSpacing(0);
        cell->addWidget(label(texts[i].first, "title"));
        cell->addWidget(label(texts[i].second, "caption"));
        row->addWidget(number);
        row->addLayout(cell);
    }
    return widget;
}

void FirstRun::setSmallModel(const std::optional<ModelRow>& row) {
    use_->setVisible(row.has_value());
    fetch_->setVisible(!row);
    if (row && row->summary) {
        smallText_->setText(
            tr("%1, %2 parameters, found on this computer. Quantizing it takes a few minutes.")
                .arg(row->name(),
                     countText(static_cast<double>(row->summary->config.parameters()))));
    } else {
        smallText_->setText(tr("SmolLM2-135M-Instruct, 98 MB, Apache-2.0. Fetch it once with the "
                               "command below, then press F5:"));
    }
}

void FirstRun::setListedModels(int count) {
    list_->setVisible(count > 0);
    list_->setText(tr("Show the %1 found").arg(count));
}

void FirstRun::checkDevice() {
    if (asked_)
        return;
    asked_ = true;
    worker_.post([this](const std::stop_token&) {
        QString device, problem;
        try {
            const BackendInfo info = services_.newBackend({.device = processorDevice})->info();
            const int cores = std::max(info.threads, 1);
            device =
                tr("%1, %2, %3")
                    .arg(QString::fromStdString(info.device), QString::fromStdString(info.variant),
                         cores == 1 ? tr("1 core") : tr("%1 cores").arg(cores));
        } catch (const KernelError& error) {
            problem = QString::fromUtf8(error.what());
        }
        return std::function<void()>([this, device, problem] { showDevice(device, problem); });
    });
}

void FirstRun::showDevice(const QString& device, const QString& problem) {
    if (problem.isEmpty())
        device_->show(Banner::Tone::ok, tr("This computer is ready."),
                      tr("%1, %2 memory.").arg(device, bytesText(memoryBytes())));
    else
        device_->show(Banner::Tone::bad, tr("The compute device does not start."), problem);
}

} // namespace bwla::ui
