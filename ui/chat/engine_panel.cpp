// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/engine_panel.h"

#include "ui/widgets/card.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QStandardItemModel>

namespace bwla::ui {
namespace {

QString typeText(const EngineDevice& device) {
    if (device.type == "processor")
        return EnginePanel::tr("processor");
    if (device.type == "software")
        return EnginePanel::tr("Vulkan in software, slow");
    return EnginePanel::tr("Vulkan, %1")
        .arg(QString::fromStdString(device.type).replace("gpu", "GPU"));
}

} // namespace

EnginePanel::EnginePanel(QWidget* parent)
    : QWidget(parent), choice_(new QComboBox),
      byteCache_(new QCheckBox(tr("Keys and values in 8 bits"))), running_(label({}, "secondary")),
      kernels_(label({}, "caption")), note_(label({}, "caption")) {
    choice_->setAccessibleName(tr("Compute on"));
    choice_->setToolTip(tr("Where both models compute. Another device loads them again with the "
                           "next message. Remembered for all chats."));
    choice_->setMaximumWidth(560);
    choice_->setMinimumContentsLength(16);
    choice_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    choice_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    running_->setWordWrap(true);
    running_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    note_->setWordWrap(true); // kernels' lines are a table: the panel scrolls where they are long
    kernels_->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    kernels_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    kernels_->setAccessibleName(tr("Kernels in use"));
    kernels_->hide();
    auto* form = new QFormLayout(this);
    form->setContentsMargins(0, 8, 0, 0);
    form->setVerticalSpacing(8);
    QLabel* where = label(choice_->accessibleName());
    where->setMinimumHeight(choice_->sizeHint().height()); // else it stands 3 pixels too high
    where->setBuddy(choice_);
    form->addRow(where, choice_);
    byteCache_->setToolTip(
        tr("A conversation's cache takes half the memory, and answers may differ "
           "in a word. Loads the models again with the next message. "
           "Remembered for all chats."));
    form->addRow(tr("Cache"), byteCache_);
    form->addRow(tr("In use"), running_);
    form->addRow(QString(), kernels_);
    form->addRow(QString(), note_);
    connect(choice_, &QComboBox::activated, this, [this](int index) {
        device_ = choice_->itemData(index).toString().toStdString();
        name_ = choice_->itemText(index);
        Q_EMIT deviceChosen(device_, name_);
    });
    connect(byteCache_, &QCheckBox::clicked, this,
            [this](bool on) { Q_EMIT cacheBitsChosen(on ? 8 : 16); });
    fill({});
    note_->setText(tr("Looking for devices…"));
    setRunning({});
}

void EnginePanel::listDevices(const std::function<std::vector<EngineDevice>()>& devices) {
    if (asked_ || !devices)
        return;
    asked_ = true;
    worker_.post([this, devices](const std::stop_token&) {
        return std::function<void()>([this, found = devices()] {
            listed_ = true;
            devices_ = found;
            fill(found);
            Q_EMIT devicesListed();
        });
    });
}

void EnginePanel::fill(const std::vector<EngineDevice>& devices) {
    choice_->clear();
    const std::string automatic = chooseDevice(devices);
    QString meant;
    int gpus = 0;
    for (const EngineDevice& device : devices) {
        gpus += device.type.ends_with("gpu") && device.missing.empty() ? 1 : 0;
        if (device.id == automatic)
            meant = QString::fromStdString(device.name);
    }
    choice_->addItem(meant.isEmpty() ? tr("Automatic") : tr("Automatic: %1").arg(meant),
                     QString(automaticDevice));
    for (const EngineDevice& device : devices) {
        choice_->addItem(tr("%1 (%2)").arg(QString::fromStdString(device.name), typeText(device)),
                         QString::fromStdString(device.id));
        if (device.missing.empty())
            continue;
        const int last = choice_->count() - 1;
        const QString lacks = tr("It lacks %1.").arg(QString::fromStdString(device.missing));
        choice_->setItemText(last, choice_->itemText(last) + " – " + lacks);
        choice_->setItemData(last, lacks, Qt::ToolTipRole);
        if (auto* items = qobject_cast<QStandardItemModel*>(choice_->model()))
            items->item(last)->setEnabled(false);
    }
    note_->setText(gpus > 0
                       ? tr("Automatic takes the first GPU that can be used.")
                       : tr("No GPU with Vulkan was found that can be used: automatic means the "
                            "processor."));
    setDevice(device_, name_);
}

void EnginePanel::setDevice(const std::string& id, const QString& name) {
    device_ = id;
    name_ = name;
    int index = choice_->findData(QString::fromStdString(id));
    if (index < 0) { // remembered
        choice_->addItem(listed_ ? tr("%1 (not here)").arg(name) : name,
                         QString::fromStdString(id));
        index = choice_->count() - 1;
    }
    choice_->setCurrentIndex(index);
}

void EnginePanel::setCacheBits(int bits) {
    byteCache_->setChecked(bits == 8);
}

void EnginePanel::setRunning(const QString& device) {
    running_->setText(device.isEmpty() ? tr("Nothing is loaded yet.") : device);
}

void EnginePanel::setKernels(const KernelReport& report) {
    QStringList lines;
    for (const KernelUse& use : report.uses) {
        QString why = use.byProcessor ? tr("best for this processor") : tr("default");
        if (use.measured)
            why = report.roof > 0 ? tr("fastest of %1: %2 GB/s, %3 % of the memory's")
                                        .arg(use.candidates)
                                        .arg(use.gbPerSecond, 0, 'f', 0)
                                        .arg(100 * use.gbPerSecond / report.roof, 0, 'f', 0)
                                  : tr("fastest of %1").arg(use.candidates);
        lines +=
            tr("%1: %2 (%3)")
                .arg(QString::fromStdString(use.work), QString::fromStdString(use.kernel), why);
    }
    for (const KernelMissing& missing : report.missing)
        lines += missing.failed
                     ? tr("Not used, its results were wrong: %1 (%2)")
                           .arg(QString::fromStdString(missing.kernel),
                                QString::fromStdString(missing.detail))
                     : tr("The device lacks: %1").arg(QString::fromStdString(missing.kernel));
    if (report.checked)
        lines += tr("Every kernel was checked against the reference when the device was first "
                    "used.");
    kernels_->setText(lines.join('\n'));
    kernels_->setVisible(!lines.isEmpty());
}

std::optional<EngineDevice> EnginePanel::device(const std::string& id) const {
    const std::string meant = id == automaticDevice ? chooseDevice(devices_) : id;
    for (const EngineDevice& device : devices_)
        if (device.id == meant)
            return device;
    return std::nullopt;
}

QString EnginePanel::text() const {
    return running_->text() + "\n" + kernels_->text() + "\n" + note_->text();
}

} // namespace bwla::ui
